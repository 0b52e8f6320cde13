"""cut: split one model into files for the CPU and the NPU, with a manifest that says how to chain them."""

from npufit.cutting.chaining import CutProof
from npufit.cutting.cut import CutOptions, CutResult, cut, cut_placed
from npufit.cutting.parts import Part
from npufit.cutting.saving import SavedFit, require_fit_output, save_fit

__all__ = [
    "CutOptions",
    "CutProof",
    "CutResult",
    "Part",
    "SavedFit",
    "cut",
    "cut_placed",
    "require_fit_output",
    "save_fit",
]
