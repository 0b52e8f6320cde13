"""A fit as a document and text."""
