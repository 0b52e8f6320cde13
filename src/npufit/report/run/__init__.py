"""A run as a document and text."""
