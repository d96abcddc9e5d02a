//! Tensors → outputs: ONNX Runtime, and nothing of it outside.
