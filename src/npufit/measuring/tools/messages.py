"""What messages of delegates, runtimes, the dynamic loader and shells mean for somebody who wants a time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from npufit.formatting import shorten

_LIBRARY = r"([\w.+-]{1,80}\.so[\w.]{0,20})"
_DEVICE = r"(/dev/[\w/]{1,60})"
_MISSING = "the library {0} is missing on the board"
_CLOSED = "this user may not open {0}: run as root, or give the user access"
_NO_MEMORY = "the board has not enough memory"

_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        # Delegates: nxp-imx/tflite-ethosu-delegate-imx, Mesa's teflon_device.c, npufit's own; a report of Neutron's.
        (r"ethosu_direct_delegate: (.{1,200}?)\.(?: |$|[A-Z])", "{0}"),
        (
            r"Failed to create ethos_?u driver",
            "the delegate cannot open the NPU: usually this user may not open /dev/ethosu0",
        ),
        (r"Failed to alloc ethos_?u buffer", "the kernel has no contiguous memory (CMA) left for the network"),
        (
            r"Ethos_?u inference failed|Failed to invoke ethos_?u op",
            "the NPU did not finish an inference: dmesg may say why",
        ),
        (r"Unsupported vela compiled model", "the delegate does not take several of Vela's operators in one file"),
        (
            r"Failed to get address offsets from metadata",
            "the file lacks Vela's plan of memory: compile it with the release of the board's BSP",
        ),
        (
            r"Neutron hardware init failed",
            "the Neutron NPU did not start: often its contiguous memory (CMA) is used up",
        ),
        (r"Couldn't open kernel device", "Teflon finds no NPU that it may open"),
        # The dynamic loader
        (rf"{_LIBRARY}[\"']?:? (?:cannot open shared object file|not found)", _MISSING),
        (rf"library [\"']{_LIBRARY}[\"'] not found", _MISSING),
        (r"version `?((?:GLIBC|GLIBCXX|CXXABI)_[\d.]{1,12})'? not found", "it needs {0}, newer than the board's"),
        (rf"{_DEVICE}.{{0,40}}permission denied", _CLOSED),
        (rf"permission denied.{{0,40}}{_DEVICE}", _CLOSED),
        # TensorFlow Lite and benchmark_model
        (
            r"unresolved custom op: ([\w-]{1,60}(?:\.[\w-]{1,60})?)",
            "nothing executes the operator {0}: no delegate took it, and the runtime lacks it",
        ),
        (r"Node number (\d{1,9} \([\w-]{1,60}\)) failed to (?:prepare|invoke)", "operator {0} failed"),
        (
            r"Didn't find op for builtin opcode '([\w-]{1,60})' version '?\d",
            "the runtime is too old for the operator {0}",
        ),
        (r"Failed to apply [\w-]{1,40} delegate", "the delegate could not be applied"),
        (r"Disallowed CPU fallback detected", "not all of the model was delegated"),
        (
            r"Signature not specified or incorrect",
            "the model has several signatures, and this tool does not choose one",
        ),
        (
            r"Failed to (?:initialize model loader|load model|mmap model)|Could not open|Model file not found",
            "the tool cannot read the model",
        ),
        (
            r"The model is not a valid Flatbuffer|Model provided has model identifier",
            "the tool takes the file for no TFLite model",
        ),
        (r"Failed to read the input_layer_value_file|It should be \d{1,12} bytes", "the tool does not take the input"),
        # The system
        (r"No space left on device", "the board has no space left"),
        (r"Exec format error|cannot execute binary file", "the program is built for another processor"),
        (r"std::bad_alloc|MemoryError|Cannot allocate memory", _NO_MEMORY),
    )
)

_LONGEST_NAME = 200
_MOST_LINES = 2000
"""Reasons stand at the beginning or at the end of an output."""


def find_message(lines: Sequence[str]) -> str:
    """Return what the first line with a known message means, empty if there is none."""
    for line in lines if len(lines) <= 2 * _MOST_LINES else (*lines[:_MOST_LINES], *lines[-_MOST_LINES:]):
        for pattern, words in _WORDS:
            match = pattern.search(line)
            if match is not None:
                return words.format(*(shorten(group, _LONGEST_NAME) for group in match.groups()))
    return ""
