"""Command streams as a document and text."""
