"""The document of a run: what `npufit run --json` prints. The values of the outputs are not in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from npufit._version import __version__
from npufit.execution import Array, Comparison, LeftOut, TensorComparison
from npufit.formatting import shorten
from npufit.report.document import Count, Document, Factor, Share
from npufit.running import LibraryRun, RunResult, SimulatorFinding


@dataclass(frozen=True, slots=True)
class ModelEntry(Document):
    """The model that was run."""

    name: str
    operators: Count


@dataclass(frozen=True, slots=True)
class OutputEntry(Document):
    """An output of the model."""

    tensor: Count
    name: str
    shape: tuple[Count, ...]
    type: str


@dataclass(frozen=True, slots=True)
class ClassEntry(Document):
    """One of the best classes."""

    index: Count
    label: str
    score: float | None


@dataclass(frozen=True, slots=True)
class TensorEntry(Document):
    """A compared tensor."""

    operator: Count
    """index of the operator that writes the tensor"""
    operator_type: str
    tensor: Count
    name: str
    equal: bool
    differing: Count
    """values that differ at all, whatever the tolerance"""
    values: Count
    share: Share
    """the share of the values that differ"""
    largest_difference: float | None
    """steps for integers; null if it is infinite"""
    note: str


@dataclass(frozen=True, slots=True)
class ComparisonEntry(Document):
    """The comparison with the reference kernels, tensor by tensor."""

    golden: str
    tolerance: Factor
    equal: bool
    tensors_compared: Count
    first_difference: TensorEntry | None
    per_tensor: tuple[TensorEntry, ...]


@dataclass(frozen=True, slots=True)
class LeftOutEntry(Document):
    """An operator that was not executed."""

    operator: Count
    type: str
    why: str
    is_cause: bool
    """true if the operator itself cannot be executed; false if it only lacks the output of another"""


@dataclass(frozen=True, slots=True)
class SecondsEntry(Document):
    """How long each part took; null for a part that did not run."""

    compile: float | None
    load: float
    first: float
    """the first inference"""
    steady: float | None
    """the fastest inference after the first"""
    reference: float | None
    """one inference of the reference kernels"""
    simulator: float | None
    """the part of the fastest inference that the simulator of a virtual NPU took; null without --library"""


@dataclass(frozen=True, slots=True)
class OriginEntry(Document):
    """What computed a tensor."""

    partition: Count
    """number of the call of the NPU"""
    operations: tuple[str, ...]
    """operations of its stream; empty if they are unknown"""


@dataclass(frozen=True, slots=True)
class LibraryEntry(Document):
    """The real library that ran on a virtual device."""

    path: str
    sha256: str
    version: str
    """Mesa's version as the file says it; empty if it does not"""
    chip: str
    kernel: str | None
    """the Linux release that judged the streams"""
    partitions: tuple[tuple[Count, ...], ...]
    """the operators of each partition, as the library formed them; empty ones are unknown"""
    hidden: tuple[Count, ...]
    """partitions whose inside could not be read"""


@dataclass(frozen=True, slots=True)
class RunDocument(Document):
    """What a run computed, where, how long it took, and how it compares."""

    schema_version: Literal[1]
    npufit_version: str
    model: ModelEntry
    place: str
    """CHIP/STACK@VERSION, a capture, or the reference kernels"""
    partitions: Count
    """calls of the NPU in one inference"""
    outputs: tuple[OutputEntry, ...]
    top: tuple[ClassEntry, ...]
    """the best classes of a classifier, best first; empty for other models"""
    compare: ComparisonEntry | None
    """null without --compare"""
    first_difference_origin: OriginEntry | None
    """where in the command streams the first tensor that differs was computed; null if no NPU did, or nobody knows"""
    not_compared: str | None
    """why a requested comparison did not take place"""
    left_out: tuple[LeftOutEntry, ...]
    """operators that LiteRT cannot execute, and those that lack the outputs of these"""
    seconds: SecondsEntry
    notes: tuple[str, ...]
    """sentences on the execution, such as that the file was compiled for another accelerator"""
    findings: tuple[SimulatorFinding, ...]
    """findings of the simulator's sanitizer"""
    library: LibraryEntry | None
    """the real library that ran; null without --library"""
    refusal: str | None
    """why the Linux release of --kernel refuses a stream of the library: nothing was run"""
    captured: str | None
    """the folder of --capture-to"""


def run_document(result: RunResult) -> RunDocument:
    """Return the document of a run."""
    return RunDocument(
        schema_version=1,
        npufit_version=__version__,
        model=ModelEntry(result.model.name, len(result.model.main.operators)),
        place=result.place,
        partitions=result.partitions,
        outputs=tuple(_output(result, index, values) for index, values in result.outputs.items()),
        top=tuple(ClassEntry(score.index, score.label, score.score) for score in result.scores),
        compare=None if result.comparison is None else _comparison(result, result.comparison),
        first_difference_origin=None if result.origin is None else OriginEntry(**asdict(result.origin)),
        not_compared=None if result.not_compared is None else str(result.not_compared),
        left_out=tuple(left_out_entry(entry) for entry in result.left_out),
        seconds=SecondsEntry(**asdict(result.seconds)),
        notes=result.notes,
        findings=result.findings,
        library=None if result.library is None else library_entry(result.library),
        refusal=result.refusal,
        captured=None if result.captured is None else str(result.captured),
    )


def library_entry(library: LibraryRun) -> LibraryEntry:
    """Return the entry of the real library that ran."""
    return LibraryEntry(
        path=str(library.path),
        sha256=library.sha256,
        version=library.version,
        chip=library.chip,
        kernel=library.kernel,
        partitions=library.partitions,
        hidden=library.hidden,
    )


def left_out_entry(entry: LeftOut) -> LeftOutEntry:
    """Return the entry of an operator that was not executed."""
    return LeftOutEntry(entry.operator, entry.name, entry.why, entry.is_cause)


def _output(result: RunResult, index: int, values: Array) -> OutputEntry:
    return OutputEntry(index, result.model.main.tensors[index].name, values.shape, str(values.dtype))


def _comparison(result: RunResult, comparison: Comparison) -> ComparisonEntry:
    first = comparison.first_difference
    return ComparisonEntry(
        golden=comparison.golden,
        tolerance=comparison.tolerance,
        equal=comparison.is_equal,
        tensors_compared=len(comparison.tensors),
        first_difference=None if first is None else _tensor(result, first),
        per_tensor=tuple(_tensor(result, tensor) for tensor in comparison.tensors),
    )


def _tensor(result: RunResult, compared: TensorComparison) -> TensorEntry:
    graph = result.model.main
    return TensorEntry(
        operator=compared.operator,
        operator_type=shorten(graph.operators[compared.operator].name, 40),
        tensor=compared.tensor,
        name=graph.tensors[compared.tensor].name,
        equal=compared.is_equal,
        differing=compared.differing,
        values=compared.count,
        share=compared.share,
        largest_difference=compared.largest,
        note=compared.note,
    )
