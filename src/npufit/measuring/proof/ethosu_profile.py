"""The time of each operator on an Ethos-U65, from what NXP's delegate prints with `enable_profiling:true`.

The delegate prints a block for each NPU call (tflite-ethosu-delegate, `EthosuDelegateKernel::Eval`):

    Ethos-u cycle counter: 3607420
    Ethos_u qread profiling data.
    index:0,qread:0x0,status:0x0,cycle count:0
    index:1,qread:0x24,status:0x1,cycle count:311

The NPU's firmware makes it: while the NPU works it reads QREAD, STATUS and the cycle counter again and again, and keeps
a reading if QREAD or STATUS changed. Its first entry is never written, and the last reading is not handed over; that is
the one after the NPU has stopped, unless the firmware came too late for it. The cycle counter runs only with
`enable_cycle_counter:true`, whose line tells where the time of the last reading that is printed ends.

All this was read in source, and no board's output was ever seen. Inferred: QREAD is the position in the command stream
in bytes, and the NPU works on the last operation before it. While it finishes one operation, it may have read the next
one already, and waits for weights count for the operation before; so a boundary may be off by an operation, but the sum
is right.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from npufit.formatting import plural
from npufit.graph import Model, OperatorId
from npufit.measurements import OperatorMeasurement
from npufit.stacks.vela import Compilation

_LINE = re.compile(
    rb"Ethos-u cycle counter: (?P<total>\d{1,19})\b"
    rb"|(?P<begin>Ethos_u qread profiling data\.)"
    rb"|(?P<small>Ethos_u profiling_buffer_size is too small)"
    rb"|index:\d{1,9},qread:0x(?P<qread>[0-9a-f]{1,8}),status:0x[0-9a-f]{1,8},cycle count:(?P<cycles>\d{1,19})\b"
)
_HOW = "cycles by position in the command stream (NXP's delegate, enable_profiling; never seen on a board)"


@dataclass(frozen=True, slots=True)
class CallProfile:
    """One NPU call: (position in the stream in bytes, cycles so far) at each change, and all its cycles if printed."""

    samples: tuple[tuple[int, int], ...]
    total: int | None


def read_call_profiles(output: bytes) -> tuple[CallProfile, ...] | str:
    """Return the profiles in what a run printed, in order, or why there are none, in words."""
    profiles: list[CallProfile] = []
    samples: list[tuple[int, int]] | None = None
    total: int | None = None
    for match in _LINE.finditer(output):
        if match["small"]:
            return "the profile did not fit: give the delegate a larger profiling_buffer_size"
        if match["qread"]:
            if samples is not None:
                samples.append((int(match["qread"], 16), int(match["cycles"])))
            continue
        if samples is not None:
            profiles.append(CallProfile(tuple(samples), total))
            samples = total = None
        if match["begin"]:
            samples = []
        else:
            total = int(match["total"])
    if samples is not None:
        profiles.append(CallProfile(tuple(samples), total))
    if not profiles:
        return "the delegate printed no profile"
    if not any(cycles for profile in profiles for _, cycles in profile.samples):
        return "the NPU's cycle counter did not run: set enable_cycle_counter:true as well"
    return tuple(profiles)


def ethosu_profile(
    output: bytes, model: Model, compilation: Compilation, clock_mhz: float
) -> tuple[OperatorMeasurement, ...] | str:
    """Return the time of each operator of `model` in one inference, in execution order, or why there is none.

    `output` is what the process printed that ran the file of `compilation`. Cycles are the median of all inferences;
    milliseconds follow from `clock_mhz`. Operators whose commands were all read between two readings share the time
    with their neighbours as Vela expects it.
    """
    profiles = read_call_profiles(output)
    if isinstance(profiles, str):
        return profiles
    streams = compilation.database.stream_count
    if not streams or not compilation.database.stretches:
        return "Vela left no table of operators and commands for this file"
    if len(profiles) % streams:
        return f"{len(profiles)} profiles cannot belong to whole inferences of {plural(streams, 'NPU call')}"
    expected: dict[OperatorId | None, float] = {}
    for one in compilation.estimate.passes:
        expected[one.operator] = expected.get(one.operator, 0.0) + one.total_cycles
    programs = [_Program.of(compilation, stream, expected) for stream in range(streams)]
    seen: dict[OperatorId | None, list[float]] = {}
    inferences = len(profiles) // streams
    for number in range(inferences):
        cycles: dict[OperatorId | None, float] = {}
        for profile, program in zip(profiles[number * streams : (number + 1) * streams], programs, strict=True):
            for operator, spent in program.spent(profile):
                cycles[operator] = cycles.get(operator, 0.0) + spent
        for operator, spent in cycles.items():
            seen.setdefault(operator, []).append(spent)
    order = {stretch.operator: position for position, stretch in reversed([*enumerate(compilation.database.stretches)])}
    return tuple(
        _measurement(operator, model, median(values + [0.0] * (inferences - len(values))), clock_mhz)
        for operator, values in sorted(seen.items(), key=lambda entry: order.get(entry[0], -1))
    )


@dataclass(frozen=True, slots=True)
class _Program:
    """A command stream: at which offsets it comes to which operators, with the cycles that Vela expects of them."""

    offsets: tuple[int, ...]
    operators: tuple[OperatorId | None, ...]
    expected: tuple[float, ...]

    @staticmethod
    def of(compilation: Compilation, stream: int, expected: Mapping[OperatorId | None, float]) -> _Program:
        stretches = [stretch for stretch in compilation.database.stretches if stretch.stream == stream]
        operators = tuple(stretch.operator for stretch in stretches)
        return _Program(
            tuple(stretch.offset for stretch in stretches),
            operators,
            tuple(expected.get(operator, 0.0) for operator in operators),
        )

    def spent(self, profile: CallProfile) -> Iterator[tuple[OperatorId | None, float]]:
        """Yield the cycles between each two readings with the operators that they belong to."""
        samples = [(max(0, bisect_left(self.offsets, position) - 1), cycles) for position, cycles in profile.samples]
        if profile.total is not None and samples:
            samples.append((len(self.operators), profile.total))
        for (first, earlier), (following, later) in pairwise(samples):
            if later <= earlier:
                continue  # the counter began anew, or two readings at once
            passed = slice(first, max(first + 1, following))
            weights = self.expected[passed]
            if not sum(weights):
                weights = (1.0,) * len(weights)
            for operator, weight in zip(self.operators[passed], weights, strict=True):
                yield operator, (later - earlier) * weight / sum(weights)


def _measurement(operator: OperatorId | None, model: Model, cycles: float, clock_mhz: float) -> OperatorMeasurement:
    how = f"{_HOW}; at {clock_mhz:g} MHz"
    ms, whole = cycles / clock_mhz / 1000.0, round(cycles)
    if operator is None:
        name = "commands that Vela assigns to no operator"
        return OperatorMeasurement("npu", "", name, ms=ms, cycles=whole, how=how)
    subgraph = model.subgraphs[operator.subgraph]
    source = subgraph.operators[operator.index]
    name = next((subgraph.tensors[tensor].name for tensor in source.outputs if tensor >= 0), "")
    index = operator.index if operator.subgraph == 0 else None
    return OperatorMeasurement("npu", source.name, name, index, ms, whole, how=how)
