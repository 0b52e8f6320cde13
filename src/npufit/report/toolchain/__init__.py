"""Installed releases of Vela as a document and text."""
