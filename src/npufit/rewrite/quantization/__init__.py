"""Quantizing: scales of weights and tensors, and float networks."""
