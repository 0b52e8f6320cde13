"""Coefficients from measurements: least squares, cross-validation, and the networks that were measured."""

from npufit.cost.regression.least_squares import Case, regress

__all__ = [
    "Case",
    "regress",
]
