"""A calibration as a document and text."""
