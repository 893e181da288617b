"""Models of others as specs, with their weights: PyTorch's modules and ONNX files."""
