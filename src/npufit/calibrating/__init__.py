"""calibrate: a board's own measurements refine the coefficients of its target."""

from npufit.calibrating.calibrate import CalibrateOptions, calibrate
from npufit.calibrating.refinement import CalibrateResult, CalibrationRow

__all__ = ["CalibrateOptions", "CalibrateResult", "CalibrationRow", "calibrate"]
