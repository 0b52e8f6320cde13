"""A new input resolution as a document and text."""
