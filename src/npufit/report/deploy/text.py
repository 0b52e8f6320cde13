"""A deployment for people: the answer first, then what was proven, what was written, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from npufit.formatting import plural, shorten, size
from npufit.report.deploy.document import DeployDocument, KernelEntry, ProofEntry
from npufit.report.terminal_page import Page, columns

_MOST_HAZARDS = 3
_NEVER = "never run on silicon"


def deploy_text(document: DeployDocument, page: Page) -> str:
    """Return the report of a deployment."""
    lines = [*page.wrap(_answer(document)), "", *page.labelled("proof", _proof(document.proof), "", 10)]
    for label, texts in (("hazard", _hazards(document)), ("warning", document.warnings)):
        for text in texts:
            lines += page.labelled(label, shorten(text, 400), "", 10)
    lines += page.labelled("memory", _memory(document), "", 10)
    rows = [
        (entry.path, plural(entry.files, "file") if entry.path.endswith("/") else "", size(entry.bytes))
        for entry in document.contents
    ]
    total = sum(entry.bytes for entry in document.contents)
    lines += ["", *columns([*rows, ("", "", size(total))], right=(2,)), "", *_next(document, page)]
    return "\n".join(lines)


def _answer(document: DeployDocument) -> str:
    placed = document.placement
    verb = "deployed" if document.written else "not written"
    if document.proof is not None and document.proof.difference is not None:
        verb = "WRONG" if document.written else "WRONG, not written"
    cpu = f" and {plural(placed.cpu_parts, 'part')} for the CPU" if placed.cpu_parts else ""
    return (
        f"{shorten(document.model)}: {verb}: {placed.on_npu} of {plural(placed.operators, 'operator')} in "
        f"{plural(placed.calls, 'call')} of the NPU{cpu}; accepted by {_accepting(document.kernels)}; {_NEVER}"
    )


def _accepting(kernels: Sequence[KernelEntry]) -> str:
    found = [_releases(entry) for entry in kernels if entry.verdict == "accepted"]
    return f"Linux {', '.join(found)}" if found else "no known release of Linux"


def _releases(entry: KernelEntry) -> str:
    first = f"{entry.series}.{entry.first}"
    if entry.to is None:
        return entry.series if entry.first == 0 else f"{first} and later"
    return first if entry.to == entry.first else f"{first} to {entry.series}.{entry.to}"


def _proof(proof: ProofEntry | None) -> str:
    if proof is None:
        return "none: nothing was executed on the simulator (--no-prove)"
    if proof.difference is not None:
        return f"failed in {proof.difference.text}"
    state = f", {proof.continued} of them from the state that the one before left" if proof.continued else ""
    return (
        f"{plural(proof.inferences, 'inference')} on the simulator{state}: {plural(proof.tensors, 'tensor')} each, "
        "every byte as LiteRT's reference kernels compute it"
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
    if document.written is None:
        failed = document.proof is not None and document.proof.difference is not None
        return page.wrap(
            "Nothing was written: --allow-differences writes a bundle that failed its proof."
            if failed
            else "Nothing was written: use -o FOLDER."
        )
    name = PurePath(document.written).name or "bundle"
    needs = "NumPy, and tflite_runtime or ai_edge_litert" if document.needs_litert else "NumPy"
    return [
        *page.wrap(f"On the board (Python 3.9 or later with {needs}):"),
        f"    scp -r {shlex.quote(document.written)} BOARD:",
        f"    ssh BOARD 'cd {shlex.quote(name)} && python3 run.py --verify'",
    ]
