"""One module per kind of pass."""
