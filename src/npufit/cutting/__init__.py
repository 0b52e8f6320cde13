"""cut: one model becomes files for the CPU and the NPU, and a manifest that says how to chain them."""
