"""The integer arithmetic of LiteRT's kernels, as far as passes must reproduce it."""
