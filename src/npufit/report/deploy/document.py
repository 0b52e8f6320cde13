"""The document of a deployment: what `npufit deploy --json` prints."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from npufit._version import __version__
from npufit.deploying import MANIFEST, BundleProof, DeployResult, manifest_text
from npufit.report.document import Count, Document
from npufit.stacks import Unit

_OF_LINUX = "direct."
"""Hazards of these rules are Linux's verdicts, which the document has in `kernels` and `warnings`."""


@dataclass(frozen=True, slots=True)
class PlacementEntry(Document):
    """Where the operators run."""

    operators: Count
    on_npu: Count
    calls: Count
    """of the NPU, one after the other"""
    cpu_parts: Count
    """files with operators for the CPU"""


@dataclass(frozen=True, slots=True)
class KernelEntry(Document):
    """The verdict of some point releases of one series of Linux on all streams together."""

    series: str
    first: Count
    to: Count | None
    """null: all later point releases"""
    verdict: Literal["accepted", "refused", "unknown"]
    errno: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class DifferenceEntry(Document):
    """The first value of the bundle that is not that of the reference kernels."""

    input: str
    step: Count | None
    """null: an output that no step gives"""
    tensor: str
    values: Count
    of: Count
    largest: float | None
    """the largest difference; null if shapes or types differ"""
    is_of_vela: bool
    """whether the file that Vela compiled computes the same: then the arithmetic differs, not the steps"""
    text: str


@dataclass(frozen=True, slots=True)
class ProofEntry(Document):
    """What was executed on the simulator and compared with the reference kernels byte for byte."""

    inferences: Count
    continued: Count
    """of these, how many went on from the state that the one before left"""
    tensors: Count
    """compared in each inference"""
    is_as_compiled: bool
    """whether outputs that LiteRT cannot compute equal those of the file that Vela compiled"""
    difference: DifferenceEntry | None
    findings: tuple[str, ...]
    """of the simulator's sanitizer"""


@dataclass(frozen=True, slots=True)
class HazardEntry(Document):
    """What may make the answer wrong although it was accepted."""

    rule: str
    operators: tuple[Count, ...]
    message: str


@dataclass(frozen=True, slots=True)
class FilesEntry(Document):
    """A file of the bundle, or a folder with all its files."""

    path: str
    files: Count
    bytes: Count


@dataclass(frozen=True, slots=True)
class DeployDocument(Document):
    """What a bundle contains, which kernels accept it, and what was proven."""

    schema_version: Literal[1]
    npufit_version: str
    model: str
    target: str
    written: str | None
    """the folder that was written; null if nothing was"""
    status: str
    """what was tried with the bundle, and what was not"""
    placement: PlacementEntry
    kernels: tuple[KernelEntry, ...]
    proof: ProofEntry | None
    """null with --no-prove"""
    hazards: tuple[HazardEntry, ...]
    warnings: tuple[str, ...]
    needs_litert: bool
    """whether run.py needs ai_edge_litert or tflite_runtime on the board"""
    cpu_types: tuple[str, ...]
    """the operators for which it does"""
    sram_bytes: Count
    """of the NPU, the most that a call needs"""
    buffer_bytes: Count
    """of DRAM for constants and feature maps"""
    verification_cases: Count
    contents: tuple[FilesEntry, ...]


def deploy_document(result: DeployResult, written: str | None) -> DeployDocument:
    """Return the document of a deployment; `written` is the folder, if there is one."""
    manifest, summary = result.manifest, result.placed.summary
    parts = sum(step.kind == "cpu" for step in manifest.steps)
    return DeployDocument(
        schema_version=1,
        npufit_version=__version__,
        model=manifest.model.name,
        target=manifest.target,
        written=written,
        status=manifest.status,
        placement=PlacementEntry(summary.operators, summary.npu, len(manifest.steps) - parts, parts),
        kernels=tuple(
            KernelEntry(entry.series, entry.first, entry.to, entry.verdict, entry.errno, entry.why)
            for entry in manifest.kernels
        ),
        proof=None if result.proof is None else _proof(result, result.proof),
        hazards=tuple(
            HazardEntry(hazard.rule.id, hazard.operators, hazard.message)
            for hazard in result.placed.placement.hazards
            if not hazard.rule.id.startswith(_OF_LINUX)
        ),
        warnings=result.warnings,
        needs_litert=parts > 0,
        cpu_types=tuple(_cpu_types(result)) if parts else (),
        sram_bytes=manifest.device.sram_bytes,
        buffer_bytes=sum(buffer.bytes for buffer in manifest.buffers),
        verification_cases=len(manifest.verification.cases),
        contents=tuple(_contents({**result.bundle.files, MANIFEST: manifest_text(manifest).encode()})),
    )


def _proof(result: DeployResult, proof: BundleProof) -> ProofEntry:
    found = proof.difference
    difference = None
    if found is not None:
        difference = DifferenceEntry(
            input=found.input_name,
            step=found.step,
            tensor=result.manifest.tensors[found.tensor].name,
            values=found.values,
            of=found.of,
            largest=found.largest if math.isfinite(found.largest) else None,
            is_of_vela=found.is_of_vela,
            text=found.describe(result.bundle),
        )
    return ProofEntry(
        proof.inferences, proof.continued, proof.tensors, proof.is_as_compiled, difference, proof.findings
    )


def _cpu_types(result: DeployResult) -> dict[str, None]:
    """Return the types of the operators that stay on the CPU, each once, in their order."""
    model, operators = result.placed.model, result.placed.placement.operators
    return dict.fromkeys(model.operator(placed.id).name for placed in operators if placed.unit is Unit.CPU)


def _contents(files: Mapping[str, bytes]) -> Iterator[FilesEntry]:
    """Yield the files at the top, and each folder as one entry."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for path, data in files.items():
        folder, slash, _ = path.partition("/")
        counts[folder + slash] += 1
        sizes[folder + slash] += len(data)
    for path in sorted(counts, key=lambda path: (path.endswith("/"), path)):
        yield FilesEntry(path, counts[path], sizes[path])
