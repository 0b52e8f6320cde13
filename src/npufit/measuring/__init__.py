"""Measuring: a model on the user's board, timed, shown to be the NPU, and compared with what was predicted."""
