"""An ONNX model that anybody made, as the normal form of its layers: nothing is run, and no large weight is read."""
