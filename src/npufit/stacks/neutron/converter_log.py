"""What the converter prints: statistics, stages, times, sizes, and the console dump of 3.x."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from npufit.chips import chips_of
from npufit.formatting import ranges, shorten
from npufit.graph import Model, OperatorId
from npufit.stacks.log import LogReport
from npufit.stacks.neutron import sources
from npufit.stacks.neutron.converted import is_converted
from npufit.stacks.neutron.converter_target import converter_target
from npufit.stacks.neutron.versions import find_release
from npufit.stacks.placement import Note, Unit
from npufit.stacks.rule import Evidence

_MOST_RANGES = 24

_LOG = "the converter's log"
_START = "Converting model with the following options"
_IMPORTED = "Number of operators after import"
_NUMBER = r"(\d[\d,]{0,18})"
_DECIMAL = r"(\d{1,9}(?:\.\d{1,12})?(?:[eE][+-]?\d{1,2})?)"
_MOST_INDICES = 1 << 20
_MOST_KERNELS = 12


def _line(pattern: str) -> re.Pattern[str]:
    # No \s at the start of a line: it would run over empty lines and make a hostile log slow.
    return re.compile(rf"^[ \t]{{0,64}}{pattern}", re.MULTILINE | re.ASCII)


_IMPORT = _line(rf"Number of operators after import[ ]*=[ ]*{_NUMBER}")
_OPTIMIZE = _line(rf"Number of operators after optimize[ ]*=[ ]*{_NUMBER}")
_EXTRACT = _line(rf"Number of operators after extract[ ]*=[ ]*{_NUMBER}")
_CONVERTED = _line(rf"Number of operators converted[ ]*=[ ]*{_NUMBER}")
_NOT_CONVERTED = _line(rf"Number of operators NOT converted[ ]*=[ ]*{_NUMBER}")
_GRAPHS = _line(rf"Number of Neutron graphs[ ]*=[ ]*{_NUMBER}")
_NEUTRON_OPERATORS = _line(rf"Number of Neutron operators[ ]*=[ ]*{_NUMBER}")
_RATIO = _line(rf"Operator conversion ratio[ ]*=[ ]*{_NUMBER}[ ]*/[ ]*{_NUMBER}")
_INDICES = _line(r"Operators converted[ ]*=[ ]*(\d[\d,]{0,9999999})")
_TARGET = _line(r"Target[ ]*=[ ]*([A-Za-z0-9_]{1,32})")
_VERSION = re.compile(r"Neutron (?:Converter|Compiler) Version:[ ]*([0-9A-Za-z.+_-]{1,64})", re.ASCII)
_TIME = _line(rf"Time for (optimization|extraction|generation)[ ]*=[ ]*{_DECIMAL}[ ]*\(seconds\)")
_SIZE = _line(rf"Total (data|weights|size)[ ]*=[ ]*{_NUMBER}[ ]*\(bytes\)")
_SCRATCH = _line(rf"Minimum size of SRAM scratch memory[ ]*=[ ]*{_NUMBER}[ ]*\(bytes\)")
_LATENCY = re.compile(rf"Latency estimation[ ]*=[ ]*{_DECIMAL}[ ]*ms[ ]*\(@[ ]*{_DECIMAL}[ ]*MHz\)", re.ASCII)
_TILE_SCHEDULING = re.compile(r"Starting Tile scheduling", re.IGNORECASE)
_TCM_ALLOCATION = re.compile(r"Starting TCM allocation", re.IGNORECASE)
_DUMPED_GRAPH = re.compile(r'NeutronGraph "([^"\n]{1,128})"')
_DUMPED_OPERATOR = re.compile(r'NeutronOperator "([^"\n]{1,128})"')
_DUMPED_CALLS = re.compile(r"numKernelCalls[ \t]{1,32}(0x[0-9A-Fa-f]{1,8}|\d{1,9})", re.ASCII)
_DUMPED_HEADS = ("= Optimize Graph =", "= Extract Graphs =", "Generate code for NeutronGraph")
_KERNEL = re.compile(
    r"\b(Pad|Conv2D(?:Standard|Pointwise|Depthwise|Dense)\w{0,16}(?:\(AvgPool\))?|GlobalAvgPool|"
    r"GlobalBiasScale(?:\(?Relu\)?)?|FullyConnected|StridedSliceConcat|TransposeCHW|Softmax|Slice|MaxPool|Add(?:TT)?|"
    r"MemCpy)(?![\w])",
    re.ASCII,
)
"""Kernel names seen in public (ExecuTorch's neutron_map.py, EdgeFirst's statistics file)."""

_STRONG = (
    _IMPORT,
    _OPTIMIZE,
    _EXTRACT,
    _CONVERTED,
    _NOT_CONVERTED,
    _GRAPHS,
    _NEUTRON_OPERATORS,
    _RATIO,
    _INDICES,
    _VERSION,
    _TILE_SCHEDULING,
    _DUMPED_GRAPH,
    _DUMPED_OPERATOR,
)
"""Lines that only NXP's converter prints; the other patterns are read only if one of these is there."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """The converter's operator counts; None if the log lacks a line.

    `optimized` and all following fields count the converter's operators after its own optimization.
    """

    imported: int | None
    optimized: int | None
    converted: int | None
    not_converted: int | None
    extracted: int | None
    graphs: int | None
    neutron_operators: int | None
    indices: tuple[int, ...] = field(default=())


def read_statistics(text: str) -> Statistics:
    """Return the counts of the last conversion in `text`; all None if it has none."""
    return _statistics(text[max(text.rfind(_START), 0) :])


def stated_version(text: str) -> str:
    """Return the converter's version as `text` states it last, empty if it does not."""
    found = _VERSION.findall(text)
    return found[-1] if found else ""


def read_converter_log(text: str, model: Model) -> LogReport | None:
    """Return what the last conversion in `text` says, or None if `text` has no line that only the converter prints."""
    if _START not in text and not any(pattern.search(text) for pattern in _STRONG):
        return None
    section = text[max(text.rfind(_START), 0) :]
    statistics = _statistics(section)
    return LogReport(
        kind="neutron converter log",
        units=_units(statistics, model),
        partitions=statistics.graphs,
        npu_operators=statistics.converted,
        total_operators=statistics.optimized,
        counts_source_operators=False,
        notes=(
            *_origin_notes(text, section),
            *_count_notes(statistics, model),
            *_stage_notes(section),
            *_figure_notes(section),
            *_dump_notes(section),
        ),
    )


def _statistics(section: str) -> Statistics:
    counts = section[max(section.rfind(_IMPORTED), 0) :]
    ratio = _RATIO.search(counts)
    return Statistics(
        imported=_number(_IMPORT, counts),
        optimized=_first(_number(_OPTIMIZE, counts), _integer(ratio[2]) if ratio else None),
        converted=_first(_number(_CONVERTED, counts), _integer(ratio[1]) if ratio else None),
        not_converted=_number(_NOT_CONVERTED, counts),
        extracted=_number(_EXTRACT, counts),
        graphs=_number(_GRAPHS, counts),
        neutron_operators=_number(_NEUTRON_OPERATORS, counts),
        indices=_indices(counts),
    )


def _units(statistics: Statistics, model: Model) -> dict[OperatorId, Unit]:
    """Return units if the counts decide them: everything was converted, or nothing was."""
    count = len(model.main.operators)
    if statistics.imported != count or not statistics.optimized or is_converted(model):
        return {}
    whole = {statistics.optimized: Unit.NPU, 0: Unit.CPU}
    unit = None if statistics.converted is None else whole.get(statistics.converted)
    return {} if unit is None else {OperatorId(0, index): unit for index in range(count)}


def _origin_notes(text: str, section: str) -> list[Note]:
    notes: list[Note] = []
    runs = text.count(_START)
    if runs > 1:
        notes.append(_note(f"The log holds {runs} conversions; these notes describe the last one."))
    version = _VERSION.search(section) or _VERSION.search(text)
    if version is not None:
        release = find_release(version[1])
        known = f"release {release.version} here" if release else "a release that npufit does not know"
        notes.append(_note(f"Converter version {shorten(version[1])}, {known}."))
    target = _TARGET.search(section)
    known = {converter_target(chip): chip for chip in chips_of("neutron")}
    if target is not None and target[1] not in known:
        chips = " and ".join(known.values())
        notes.append(_note(f"The log is of a conversion for {target[1]}, so it says nothing about {chips}."))
    return notes


def _count_notes(statistics: Statistics, model: Model) -> list[Note]:
    notes: list[Note] = []
    own = len(model.main.operators)
    if statistics.optimized is not None and statistics.converted is not None:
        imported = "" if statistics.imported is None else f" from {statistics.imported} after import"
        notes.append(
            _note(
                f"{statistics.converted} of {statistics.optimized} operators were converted. They are the converter's "
                f"own operators after its optimization{imported}; this file has {own}, so the ratio does not apply to "
                "this file's operators."
            )
        )
    if statistics.imported is not None and statistics.imported != own and not is_converted(model):
        notes.append(
            _note(
                f"The log counts {statistics.imported} operators after import, this file has {own}: check that the "
                f"log "
                "is of this file."
            )
        )
    if statistics.graphs is not None:
        inside = statistics.neutron_operators
        groups = "" if inside is None else f" of {inside} Neutron operators (groups that one kernel can execute)"
        left = "" if statistics.not_converted is None else f", beside {statistics.not_converted} on the CPU"
        notes.append(_note(f"The converted part forms {statistics.graphs} NeutronGraph{groups}{left}."))
    if statistics.indices and statistics.optimized is not None and statistics.optimized <= _MOST_INDICES:
        missing = sorted(set(range(statistics.optimized)) - set(statistics.indices))
        which = f"Not converted: {ranges(missing, _MOST_RANGES)}" if missing else "All were converted"
        notes.append(
            _note(
                f"{which}, in the converter's numbering after optimization. The file has a different numbering, so "
                "the list cannot be matched to its operators; the sourceIndex list of the converted file can."
            )
        )
    return notes


def _stage_notes(section: str) -> list[Note]:
    tiles, memory = len(_TILE_SCHEDULING.findall(section)), len(_TCM_ALLOCATION.findall(section))
    if not tiles and not memory:
        return []
    again = " More rounds than NeutronGraphs would mean retries." if max(tiles, memory) > 1 else ""
    return [_note(f"Tile scheduling started {tiles} times, TCM allocation {memory} times.{again}")]


def _figure_notes(section: str) -> list[Note]:
    notes: list[Note] = []
    times = [f"{stage} {float(seconds):.3g} s" for stage, seconds in _TIME.findall(section)[-3:]]
    if times:
        notes.append(_note(f"Time on the host: {', '.join(times)}."))
    sizes = {kind: _integer(size) for kind, size in _SIZE.findall(section)}
    if sizes:
        notes.append(_note(f"Memory: {', '.join(f'{kind} {size:,} bytes' for kind, size in sizes.items())}."))
    latency = _LATENCY.search(section)
    if latency is not None:
        notes.append(
            Note(
                f"The converter estimates {float(latency[1]):g} ms at {float(latency[2]):g} MHz for the NPU alone. In "
                "two comparisons with a board the NPU part took 4 % and 28 % longer, and the CPU operators took most "
                "of the time.",
                Evidence.EXECUTED,
                f"{_LOG}; {sources.POSE_BENCHMARK}",
            )
        )
    scratch = _number(_SCRATCH, section)
    if scratch is not None:
        notes.append(_note(f"At least {scratch:,} bytes of SRAM scratch memory."))
    return notes


def _dump_notes(section: str) -> list[Note]:
    graphs = set(_DUMPED_GRAPH.findall(section))
    operators = set(_DUMPED_OPERATOR.findall(section))
    if not graphs and not operators and not any(head in section for head in _DUMPED_HEADS):
        return []
    notes = [_note(f"The dump lists {len(graphs)} NeutronGraph and {len(operators)} NeutronOperator.")]
    kernels = Counter(_KERNEL.findall(_kernel_lines(section))).most_common(_MOST_KERNELS)
    if kernels:
        notes.append(_note(f"Kernels in the dump: {', '.join(f'{count} {name}' for name, count in kernels)}."))
    calls = [int(value, 0) if value.startswith("0x") else int(value) for value in _DUMPED_CALLS.findall(section)]
    if calls:
        notes.append(_note(f"The NPU executes {sum(calls)} kernel calls per inference."))
    return notes


def _kernel_lines(section: str) -> str:
    """Return the lines below `Kernels:`, up to the next line that ends in a colon."""
    lines: list[str] = []
    inside = False
    for line in section.splitlines():
        text = line.strip()
        if text.endswith(":"):
            inside = text == "Kernels:"
        elif inside:
            lines.append(line)
    return "\n".join(lines)


def _note(text: str) -> Note:
    return Note(text, Evidence.EXECUTED, _LOG)


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return _integer(match[1]) if match else None


def _integer(digits: str) -> int:
    return int(digits.replace(",", ""))


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _indices(text: str) -> tuple[int, ...]:
    """Return the index list; empty if it is longer, or has longer numbers, than any model needs."""
    match = _INDICES.search(text)
    if match is None:
        return ()
    words = [word for word in match[1].split(",") if word]
    if len(words) > _MOST_INDICES or any(len(word) > 9 for word in words):
        return ()
    return tuple(int(word) for word in words)
