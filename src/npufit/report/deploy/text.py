"""A deployment for people: the answer first, then what was proven, what was written, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from npufit.deploying import accepting_releases
from npufit.formatting import plural, shorten, size
from npufit.report.deploy.document import DeployDocument, DifferenceEntry, KernelEntry
from npufit.report.terminal_page import Page, columns

_MOST_HAZARDS = 3
_NEVER = "never run on silicon"
_ENDS = frozenset({"QUANTIZE", "DEQUANTIZE"})
"""What stays on the CPU of a model with floating-point inputs and outputs."""

_ROUNDING = 1
"""The largest difference that is surely rounding."""


def deploy_text(document: DeployDocument, page: Page) -> str:
    """Return the report of a deployment."""
    lines = [*page.wrap(_answer(document)), "", *page.labelled("proof", _proof(document), "", 10)]
    for label, texts in (("hazard", _hazards(document)), ("warning", document.warnings)):
        for text in texts:
            lines += page.labelled(label, shorten(text, 400), "", 10)
    lines += page.labelled("memory", _memory(document), "", 10)
    if document.written is not None:
        lines += ["", *_contents(document)]
    return "\n".join([*lines, "", *_next(document, page)])


def _answer(document: DeployDocument) -> str:
    difference = None if document.proof is None else document.proof.difference
    if difference is not None and document.written is None:
        return f"{shorten(document.model)}: not written: {_apart(document, difference)}"
    placed = document.placement
    other = "" if difference is None else f", although {_apart(document, difference)}"
    cpu = f" and {plural(placed.cpu_parts, 'part')} for the CPU" if placed.cpu_parts else ""
    return (
        f"{shorten(document.model)}: deployed{other}: {placed.on_npu} of {plural(placed.operators, 'operator')} in "
        f"{plural(placed.calls, 'call')} of the NPU{cpu}; accepted by {_accepting(document.kernels)}; {_NEVER}"
    )


def _apart(document: DeployDocument, difference: DifferenceEntry) -> str:
    by = "its steps compute something else"
    if difference.is_of_vela:
        by = f"hazard {document.hazards[0].rule}" if document.hazards else "Vela's arithmetic is not LiteRT's"
    amount = "in shape or type" if difference.largest is None else f"by up to {difference.largest:g}"
    return f"'{shorten(difference.tensor, 60)}' differs from LiteRT's reference kernels {amount} ({by})"


def _contents(document: DeployDocument) -> list[str]:
    rows = [
        (entry.path, plural(entry.files, "file") if entry.path.endswith("/") else "", size(entry.bytes))
        for entry in document.contents
    ]
    total = sum(entry.bytes for entry in document.contents)
    return columns([*rows, ("", "", size(total))], right=(2,))


def _accepting(kernels: Sequence[KernelEntry]) -> str:
    found = accepting_releases(kernels)
    return f"Linux {found}" if found else "no known release of Linux"


def _proof(document: DeployDocument) -> str:
    proof = document.proof
    if proof is None:
        return "none: nothing was executed on the simulator (--no-prove)"
    if proof.difference is not None:
        return f"failed in {proof.difference.text}. {_cause(document, proof.difference)}"
    runs = f"{plural(proof.inferences, 'inference')} on the simulator"
    if not proof.tensors:
        return f"{runs}: what Vela's file computes there; LiteRT cannot say if that is right"
    state = f", {proof.continued} of them from the state that the one before left" if proof.continued else ""
    rest = "; the rest as Vela's file" if proof.is_as_compiled else ""
    tensors = plural(proof.tensors, "tensor")
    return f"{runs}{state}: {tensors} each, every byte as LiteRT's reference kernels compute it{rest}"


def _cause(document: DeployDocument, difference: DifferenceEntry) -> str:
    """Return whose the difference is, and what to do."""
    if not difference.is_of_vela:
        return "The file that Vela compiled computes something else, so this is a fault of npufit. Please report it."
    if document.hazards:
        return "Vela's file computes the same: it has a known fault, the hazard below."
    if difference.largest is not None and difference.largest <= _ROUNDING:
        return "Vela's file computes the same: it rounds otherwise than LiteRT (docs/exactness.md)."
    return (
        "Vela's file computes the same: its rounding, which later operators enlarge (docs/exactness.md), or a fault. "
        f"npufit run MODEL -t {document.target} --compare names the operator; --set vela=3.12 may do without."
    )


def _hazards(document: DeployDocument) -> Iterator[str]:
    for hazard in document.hazards[:_MOST_HAZARDS]:
        yield f"{hazard.rule}: {hazard.message}"
    if len(document.hazards) > _MOST_HAZARDS:
        yield f"and {len(document.hazards) - _MOST_HAZARDS} more: npufit check lists them"


def _memory(document: DeployDocument) -> str:
    sram = f" and {document.sram_bytes} bytes of the NPU's SRAM" if document.sram_bytes else ""
    return f"{size(document.buffer_bytes)} of DRAM for constants and feature maps{sram}"


def _next(document: DeployDocument, page: Page) -> list[str]:
    difference = None if document.proof is None else document.proof.difference
    if document.written is None and difference is not None:
        silicon = ", with the simulator's answers to compare silicon with" if difference.is_of_vela else ""
        return page.wrap(f"Nothing was written. --allow-differences writes the bundle anyway{silicon}.")
    if document.written is None:
        return page.wrap("Nothing was written.")
    name = PurePath(document.written).name or "bundle"
    types = ", ".join(document.cpu_types)
    litert = f", and ai_edge_litert or tflite_runtime for {types}" if document.needs_litert else ""
    lines: list[str] = []
    if document.needs_litert and _ENDS.issuperset(document.cpu_types):
        lines = page.wrap(f"Only {types} need LiteRT on the board: a model with integer inputs and outputs has none.")
    return [
        *lines,
        *page.wrap(f"On the board (Python 3.9 or later with NumPy{litert}):"),
        f"    scp -r {shlex.quote(document.written)} BOARD:",
        f"    ssh BOARD 'cd {shlex.quote(name)} && python3 run.py --verify'",
    ]
