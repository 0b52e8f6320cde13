"""A calibration as a document and text."""

from npufit.report.calibrate.document import calibrate_document
from npufit.report.calibrate.text import calibration_text

__all__ = [
    "calibrate_document",
    "calibration_text",
]
