"""Logs of the converter, the delegate and the driver, together or separate. The text is untrusted."""

from __future__ import annotations

from dataclasses import replace

from npufit.graph import Model
from npufit.stacks.log import LogReport
from npufit.stacks.neutron.converted import is_converted
from npufit.stacks.neutron.converter_log import read_converter_log
from npufit.stacks.neutron.delegate_log import read_delegate_log
from npufit.stacks.neutron.faults import fault_notes
from npufit.stacks.neutron.known_errors import KNOWN_ERRORS, error_notes

_HALF_CHARACTERS = 4 << 20


def read_log(text: str, model: Model) -> LogReport | None:
    """Return what `text` says about `model`, or None if no line comes from the converter or the delegate.

    If `model` is a converted file the totals are the delegate's, otherwise the converter's; the notes cover all parts.
    The middle of a text above 8 Mi characters is not read.
    """
    text = _bounded(text)
    converter, delegate = read_converter_log(text, model), read_delegate_log(text, model)
    parts = [part for part in (converter, delegate) if part is not None]
    if is_converted(model):
        parts.reverse()
    faults = fault_notes(text)
    if not parts:
        distinct = any(error.pattern.search(text) for error in KNOWN_ERRORS if error.is_distinct)
        if not distinct and not faults:
            return None
        parts = [LogReport(kind="neutron error log")]
    notes = (*(note for part in parts for note in part.notes), *error_notes(text), *faults)
    return replace(parts[0], notes=notes)


def _bounded(text: str) -> str:
    if len(text) > 2 * _HALF_CHARACTERS:
        text = f"{text[:_HALF_CHARACTERS]}\n{text[-_HALF_CHARACTERS:]}"
    return text.replace("\r\n", "\n").replace("\r", "\n")
