//! Frame → tensor in one pass: the fused kernel.
