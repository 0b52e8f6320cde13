"""The version of npufit."""

__version__ = "0.1.0"
