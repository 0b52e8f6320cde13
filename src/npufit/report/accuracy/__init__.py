"""Predicted against measured as a document, text, Markdown and a picture."""
