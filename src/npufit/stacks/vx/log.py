"""What the VX delegate prints, and what TensorFlow Lite and its tools print about it.

The delegate prints refusals without operator numbers, so a line alone does not give a unit. But the rules know which
lines each release prints for a model: if the log has exactly those, and its totals agree, the units are known. Formats:
delegate_main.cc, op_map.cc and vx_delegate_adaptor.cc of the delegate; label_image and benchmark_model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from npufit.formatting import plural, shorten
from npufit.graph import Model, OperatorId
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Note, Unit
from npufit.stacks.rule import Evidence
from npufit.stacks.vx.mapping import UNMAPPED
from npufit.stacks.vx.placing import refusals
from npufit.stacks.vx.releases import BSPS, Bsp, Generation, first_of
from npufit.stacks.vx.rules import CHECKS
from npufit.stacks.vx.rules.tensors import INPUTS, OUTPUTS

_LOG = "the delegate's log"
_LONGEST_LINE = 400
_LOADED = "Vx delegate: "
_MOST_RUNS = 8
_OWN = re.compile(r"Vx delegate: |\(Vx Delegate\)|libvx_delegate\.so|\[HandleLayoutInfer:", re.ASCII)
_REPLACING = re.compile(r"Replacing (\d{1,9}) out of (\d{1,9}) node\(s\) with delegate \(Vx Delegate\) node", re.ASCII)
"""The partitions in this line are not read: TensorFlow Lite also counts those that stay on the CPU."""
_PARTIALLY = re.compile(
    r"applied EXTERNAL delegate, and the model graph will be partially executed by the delegate w/ (\d{1,9}) "
    r"delegate kernels",
    re.ASCII,
)
_COMPLETELY = re.compile(r"applied EXTERNAL delegate, and the model graph will be completely executed by the delegate")
_NOT_AT_ALL = re.compile(
    r"EXTERNAL delegate is explicitly applied, the model graph will not be executed by the delegate"
)
_NOT_LOADED = re.compile(r"nable to load external delegate|dlopen failed")
_FALLBACK = re.compile(r"Fallback unsupported op (\d{1,4}) to TfLite", re.ASCII)
_PREFIX = re.compile(r"^(?:(?:ERROR|WARNING|INFO|VERBOSE): )+")
_TFLITE = re.compile(r"(?:Tensorflow Version : |tensorflow-lite-)(\d{1,2}\.\d{1,2}\.\d{1,2})", re.ASCII)
_NEVER_PRINTED = ("dynamic shpae is not supported in split.", "Negative shape values are not supported.")
_CHECKED = (*(asked.line for asked in CHECKS), *(asked.line for asked in (*INPUTS, *OUTPUTS)))
_LINES = frozenset(line.strip() for line in (*_CHECKED, *_NEVER_PRINTED) if line)
_FAILURES = (
    (
        re.compile(r"Failed to verify graph|compile to binary failed"),
        "The closed driver, or ovxlib before it, refused the graph: the inference failed. TensorFlow Lite does not "
        "fall back to the CPU.",
    ),
    (
        re.compile(r"Node number \d{1,9} \(Vx Delegate\) failed to invoke", re.ASCII),
        "The inference failed on the NPU.",
    ),
    (re.compile(r"Failed to run graph"), "The graph was compiled, but running it failed."),
    (
        re.compile(r"Setup node\[\d{1,9}\] \w{1,60} fail|Check node\[\d{1,9}\].{0,80}fail", re.ASCII),
        "ovxlib could not set up an operation. Node numbers are those of its own graph, not of the file.",
    ),
    (
        _NOT_LOADED,
        "The delegate's library was not loaded, so nothing ran on the NPU, whatever else the log says.",
    ),
)


@dataclass(slots=True)
class _Seen:
    """The contents of a log's lines."""

    is_own: bool = False
    is_whole: bool = False
    """Whether the log has the lines that the delegate prints when it is loaded, so that no later one is missing."""
    refused: Counter[str] = field(default_factory=Counter[str])
    replaced: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    kernels: int | None = None
    share: Unit | None = None
    tflite: str = ""
    notes: dict[str, Note] = field(default_factory=dict[str, Note])


@dataclass(frozen=True, slots=True)
class _Printed:
    """What one release prints for a model, and the units that this implies."""

    bsp: Bsp
    lines: Counter[str]
    taken: frozenset[OperatorId]


def read_vx_log(text: str, model: Model) -> LogReport | None:
    """Return what `text` says about `model`, None if it has none of the delegate's lines."""
    seen = _scan(text)
    if not seen.is_own:
        return None
    count = len(model.subgraphs)
    totals = seen.replaced[:count] if len(seen.replaced) >= count else []
    taken = sum(one for one, _ in totals) if totals else None
    units, said = _units(seen, taken, model)
    return LogReport(
        kind="VX delegate log",
        units=units,
        partitions=1 if seen.share is Unit.NPU else 0 if seen.share is Unit.CPU else seen.kernels,
        npu_operators=taken,
        total_operators=sum(total for _, total in totals) if totals else None,
        cut_by_tflite=True,
        notes=(*seen.notes.values(), *said, *_ships(seen.tflite)),
    )


def _scan(text: str) -> _Seen:
    seen = _Seen()
    for line in (line[:_LONGEST_LINE] for line in text.splitlines()):
        seen.is_own = seen.is_own or bool(_OWN.search(line))
        seen.is_whole = seen.is_whole or _LOADED in line
        plain = _PREFIX.sub("", line.strip())
        if plain in _LINES or _FALLBACK.fullmatch(plain):
            seen.is_own = True
            seen.refused[plain] += 1
        elif replacing := _REPLACING.search(line):
            seen.replaced.append((int(replacing[1]), int(replacing[2])))
        elif kernels := _PARTIALLY.search(line):
            seen.kernels = int(kernels[1])
        elif _COMPLETELY.search(line):
            seen.share = Unit.NPU
        elif _NOT_AT_ALL.search(line) or _NOT_LOADED.search(line):
            seen.share = Unit.CPU
        if version := _TFLITE.search(line):
            seen.tflite = version[1]
        for pattern, said in _FAILURES:
            if pattern.search(line):
                seen.notes.setdefault(said, Note(said, Evidence.EXECUTED, f"log: {shorten(line.strip())}"))
    return seen


def _units(seen: _Seen, taken: int | None, model: Model) -> tuple[dict[OperatorId, Unit], tuple[Note, ...]]:
    """Return the units that the log leaves in no doubt, and a description in words."""
    places = [place for place, _ in model.operators()]
    if seen.share is not None and len(model.subgraphs) == 1:
        return dict.fromkeys(places, seen.share), ()
    if taken in (0, len(places)):
        unit = Unit.NPU if taken else Unit.CPU
        return dict.fromkeys(places, unit), ()
    if not seen.refused and not (seen.is_whole and taken is not None):
        text = (
            "The log does not say how many operators the delegate took; that it was created or applied proves nothing."
        )
        return {}, (_note(text),) if taken is None and seen.kernels is None else ()
    printed = [_printed(model, generation) for generation in Generation]
    fitting = [one for one in printed if _explains(one, seen, taken)]
    lines = plural(seen.refused.total(), "refusal line")
    if not fitting:
        text = (
            f"The log has {lines}; no known release prints these for this model. Is it the complete log of this file?"
        )
        return {}, (_note(text),)
    always = fitting[0].taken.intersection(*(one.taken for one in fitting))
    ever = fitting[0].taken.union(*(one.taken for one in fitting))
    text = (
        f"The log has {lines}: exactly those that {_names(fitting)} print{'s' if len(fitting) == 1 else ''} for "
        "this model."
    )
    if always != ever:
        text += f" These releases differ in {plural(len(ever - always), 'operator')} but print the same lines."
    sure = [place for place in places if place in always or place not in ever]
    return {place: Unit.NPU if place in always else Unit.CPU for place in sure}, (_note(text),)


def _printed(model: Model, generation: Generation) -> _Printed:
    lines: Counter[str] = Counter()
    taken: list[OperatorId] = []
    for number, subgraph in enumerate(model.subgraphs):
        for index, refused in enumerate(refusals(subgraph, first_of(generation))):
            if refused is None:
                taken.append(OperatorId(number, index))
                continue
            finding, line = refused
            if finding.rule is UNMAPPED:
                line = f"Fallback unsupported op {_code(subgraph.operators[index].type)} to TfLite"
            lines.update([line.strip()] if line else [])
    return _Printed(first_of(generation), lines, frozenset(taken))


def _code(operator_type: str) -> int:
    from npufit.tflite import operator_codes

    return operator_codes().get(operator_type, -1)


def _explains(printed: _Printed, seen: _Seen, taken: int | None) -> bool:
    """Return whether a release prints the lines of the log, for one run or for several."""
    runs = range(1, _MOST_RUNS + 1)
    same = any(seen.refused == Counter({line: times * run for line, times in printed.lines.items()}) for run in runs)
    return same and (taken is None or taken == len(printed.taken))


def _names(fitting: list[_Printed]) -> str:
    names = [one.bsp.label for one in fitting]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _ships(tflite: str) -> Iterator[Note]:
    """Yield a note on which BSPs ship the release of TensorFlow Lite that the log names."""
    bsps = [bsp.label for bsp in BSPS if tflite and bsp.tflite == tflite]
    if bsps:
        yield _note(
            f"The log is of TensorFlow Lite {tflite}, which {' and '.join(bsps)} ship{'s' if len(bsps) == 1 else ''}."
        )


def _note(text: str) -> Note:
    return Note(text, Evidence.EXECUTED, _LOG)
