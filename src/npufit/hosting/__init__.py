"""vnpu: run any program on a virtual NPU, and say what it did there."""
