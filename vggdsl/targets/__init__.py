"""PyTorch and ONNX: out, and in."""
