"""resize: a new input resolution for an existing model."""
