"""What is known about the error messages of the converter, the driver and the firmware."""

from __future__ import annotations

import re
from dataclasses import dataclass

from npufit.stacks.neutron import sources
from npufit.stacks.placement import Note
from npufit.stacks.rule import Evidence


@dataclass(frozen=True, slots=True)
class KnownError:
    """A message seen in public, what it means and what to do; `is_distinct` if only Neutron prints it."""

    pattern: re.Pattern[str]
    meaning: str
    evidence: Evidence
    source: str
    is_distinct: bool = True


def _known(pattern: str, meaning: str, evidence: Evidence, source: str, *, is_distinct: bool = True) -> KnownError:
    return KnownError(re.compile(pattern, re.IGNORECASE | re.ASCII), meaning, evidence, source, is_distinct)


KNOWN_ERRORS: tuple[KnownError, ...] = (
    _known(
        r"New shape should not change the number of elements",
        "The compiler met a RESHAPE that it cannot keep; users saw this with a decomposed GroupNorm (3.2.2). Use "
        "BatchNorm, or cut the model before the reshape",
        Evidence.OBSERVED,
        sources.GROUP_NORM_NOTES,
        is_distinct=False,
    ),
    _known(
        r"Global format selection has failed",
        "By its name, the failed step chooses one memory layout for a group of operators; nothing public explains it. "
        "Convert parts of the model to find the operator at fault, or try another release",
        Evidence.INFERRED,
        sources.CONVERTER_STAGES,
    ),
    _known(
        r"Unknown kernel plugin for operation",
        "By its wording, the converter has no kernel for an operator; nothing public explains it. Convert parts of the "
        "model to find the operator at fault, or try another release",
        Evidence.INFERRED,
        sources.CONVERTER_STAGES,
    ),
    _known(
        r"neutron-(?:compiler|converter)/src/",
        "The converter stopped at a check in its own source. Convert parts of the model to find the operator at "
        "fault, or try another release",
        Evidence.INFERRED,
        sources.CONVERTER_STAGES,
    ),
    _known(
        r"\binternal error\b",
        "An internal error that names no operator was also reported for YOLOv5m and never answered. Convert parts of "
        "the model to find the operator at fault, or try another release",
        Evidence.OBSERVED,
        sources.MODEL_ZOO_ISSUE,
        is_distinct=False,
    ),
    _known(
        r"Microcode version mismatch",
        "The converter and the board software come from different releases. Convert with the flavour of the board's "
        "BSP, or update the BSP",
        Evidence.OBSERVED,
        sources.CONVERTER_PACKAGE,
    ),
    _known(
        r"fail(?:ed)? to create neutron inference job",
        "The driver refused the job at run time: the model was converted but did not run. This was seen with "
        "MobileNetV2 converted on the board by an old delegate; update the BSP and convert on the host",
        Evidence.OBSERVED,
        sources.TORADEX_FAULT,
    ),
    _known(
        r"Node number \d{1,9} \(Neutron\w{0,32}\) failed to invoke",
        "The interpreter stopped at the node that runs on the NPU: there is no result, whatever the delegate "
        "reported before",
        Evidence.OBSERVED,
        sources.TORADEX_FAULT,
    ),
    _known(
        r"Neutron hardware init failed",
        "ONNX Runtime could not open the NPU and assigned every node to the CPU. Check that the driver is loaded and "
        "that its firmware matches",
        Evidence.OBSERVED,
        sources.ONNX_PROVIDER,
    ),
)


def explain_error(text: str) -> str:
    """Return what is known about the first known message in `text`; empty if there is none."""
    known = next((error for error in KNOWN_ERRORS if error.pattern.search(text)), None)
    return "" if known is None else f"{known.meaning} ({known.source})"


def error_notes(text: str) -> tuple[Note, ...]:
    """Return a note on every known message in `text`."""
    return tuple(
        Note(f"`{match[0]}`: {error.meaning}.", error.evidence, error.source)
        for error in KNOWN_ERRORS
        if (match := error.pattern.search(text))
    )
