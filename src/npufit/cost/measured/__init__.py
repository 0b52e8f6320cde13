"""Measurements: public ones, and the logs and tables that users bring."""
