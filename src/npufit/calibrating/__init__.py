"""calibrate: refine the coefficients of a target with measurements from a board."""

from npufit.calibrating.calibrate import CalibrateOptions, calibrate
from npufit.calibrating.refinement import CalibrateResult, CalibrationRow

__all__ = ["CalibrateOptions", "CalibrateResult", "CalibrationRow", "calibrate"]
