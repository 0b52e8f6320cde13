"""Coefficients from measurements: least squares, cross-validation, and the networks that were measured."""
