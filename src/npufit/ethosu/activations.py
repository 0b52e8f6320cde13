"""TANH and SIGMOID of the hardware: 256 samples of the logistic function, with linear interpolation.

Input is fixed point with a scale of 1 / 12288, output with one of 1 / 32768. The reference kernels for 16 bits do the
same with samples that deviate by one unit in places; these are the rounded function, so results may differ by one step.
The hardware's samples are not published.
"""

from __future__ import annotations

import numpy as np

from npufit.ethosu.arrays import Integers
from npufit.ethosu.operations import ActivationType

_SAMPLES = 256
_STEPS_PER_UNIT = 24
_ONE = 1 << 16
_HALF_BITS = 9


def _samples() -> Integers:
    position = np.arange(_SAMPLES + 1, dtype=np.float64) / _STEPS_PER_UNIT
    return np.minimum(_ONE - 1, np.floor(_ONE / (1 + np.exp(-position)) + 0.5)).astype(np.int64)


_LOGISTIC = _samples()


def sigmoid(values: Integers) -> Integers:
    """Return the logistic function of 16-bit values."""
    positive = _interpolate(np.abs(values), _HALF_BITS)
    half = 1 << _HALF_BITS
    mirrored = (_ONE << _HALF_BITS) - positive + half - 1
    return np.where(values >= 0, positive + half, mirrored) >> _HALF_BITS + 1


def tanh(values: Integers) -> Integers:
    """Return the hyperbolic tangent of 16-bit values: twice the logistic function of twice the value, minus one."""
    positive = _interpolate(np.abs(values), _HALF_BITS - 1) - (_ONE << _HALF_BITS - 2)
    half = 1 << _HALF_BITS - 2
    return np.where(values >= 0, positive + half, -positive + half - 1) >> _HALF_BITS - 1


def _interpolate(magnitudes: Integers, bits: int) -> Integers:
    """Return the logistic function with `bits` more bits than a sample has; all ones from the last sample on."""
    sample = np.minimum(magnitudes >> bits, _SAMPLES - 1)
    rest = magnitudes & (1 << bits) - 1
    lower = _LOGISTIC[sample]
    line = (lower << bits) + rest * (_LOGISTIC[sample + 1] - lower)
    return np.where(magnitudes >> bits >= _SAMPLES - 1, _ONE - 1 << bits, line)


FUNCTIONS = {ActivationType.SIGMOID: sigmoid, ActivationType.TANH: tanh}
