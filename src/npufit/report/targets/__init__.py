"""Targets as a document and text."""
