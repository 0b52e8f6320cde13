"""Built-in networks as a document and text."""
