"""Which delegate a run used, and whether it took any nodes: lines are matched by the delegate's name.

That a delegate was created or applied proves nothing: benchmark_model prints it even if its library was not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import PurePosixPath

from npufit.cost.measured.benchmark_nodes import DELEGATE_NAME, Nodes, add_nodes, read_kernels, read_nodes
from npufit.formatting import shorten
from npufit.stacks import Unit


@dataclass(frozen=True, slots=True)
class Delegate:
    """A delegate: its name in messages, the unit where it runs (None: nothing that a target has), and its stack."""

    name: str
    unit: Unit | None
    stack: str = ""


_KNOWN: tuple[tuple[re.Pattern[str], Delegate], ...] = tuple(
    (re.compile(pattern), delegate)
    for pattern, delegate in (
        (r"xnnpack", Delegate("XNNPACK", Unit.CPU)),
        (r"ethosu_direct", Delegate("npufit's delegate for Linux's own driver", Unit.NPU, "direct")),
        (r"ethos-?u", Delegate("the Ethos-U delegate", Unit.NPU, "vela")),
        (r"neutron", Delegate("the Neutron delegate", Unit.NPU, "neutron")),
        (r"teflon", Delegate("Teflon", Unit.NPU, "teflon")),
        (r"(?<![a-z])vx|libvx", Delegate("the VX delegate", Unit.NPU, "vx")),
        (r"arm_?nn", Delegate("Arm NN", None)),
        (r"nnapi", Delegate("NNAPI", None)),
        (r"qnn", Delegate("QNN", None)),
        (r"edge_?tpu", Delegate("an Edge TPU", None)),
        (r"hexagon", Delegate("Hexagon", None)),
        (r"coreml", Delegate("Core ML", None)),
        (r"gpu", Delegate("the GPU delegate", None)),
    )
)
_EXTERNAL = "external"
_NAMELESS = "an external delegate without a name"


class Verdict(IntEnum):
    """What a log says about a delegate; a higher value overrides a lower one."""

    ASKED_FOR = 0
    NOTHING = 1
    NOT_LOADED = 2
    FAILED = 3
    TOOK = 4


_PATH = (
    re.compile(r"External delegate path: \[([^\]\n]{1,1024})\]", re.IGNORECASE),
    re.compile(r"--external_delegate_path[= ]\"?([^\s\"]{1,1024})"),
    re.compile(r"Loading external delegate from (\S{1,1024})"),
    re.compile(r"Unable to load external delegate from ?: ?(\S{1,1024})"),
)
_WORDS: tuple[tuple[re.Pattern[str], Verdict, str], ...] = (
    (re.compile(rf"Explicitly applied {DELEGATE_NAME} delegate, and the model graph will be"), Verdict.TOOK, ""),
    (
        re.compile(rf"Though {DELEGATE_NAME} delegate is explicitly applied, .{{0,40}}will not be executed"),
        Verdict.NOTHING,
        "",
    ),
    (re.compile(rf"Failed to apply {DELEGATE_NAME} delegate"), Verdict.FAILED, ""),
    (re.compile(r"(?:Unable|Failed) to load (external) delegate"), Verdict.NOT_LOADED, ""),
    (re.compile(rf"^(?:Applied )?{DELEGATE_NAME} delegate(?: created)?\.$"), Verdict.ASKED_FOR, ""),
    (re.compile(r"Created TensorFlow Lite (?:(\S{1,40}) delegate|delegate for (\S{1,40}?)\.)"), Verdict.ASKED_FOR, ""),
    (re.compile(r"^(External) delegate path: ", re.IGNORECASE), Verdict.ASKED_FOR, ""),
    (re.compile(r"--(external)_delegate_path[= ]"), Verdict.ASKED_FOR, ""),
    (re.compile(r"^Use (gpu|nnapi|hexagon|coreml) ?: \[1\]", re.IGNORECASE), Verdict.ASKED_FOR, ""),
    (re.compile(r"--use_(gpu|nnapi|hexagon|coreml)=(?:true|1)\b"), Verdict.ASKED_FOR, ""),
    (re.compile(r"^Created [1-9]\d{0,5} GPU delegate kernels"), Verdict.TOOK, "gpu"),
    (re.compile(r"\[HandleLayoutInfer:\d{1,6}\]"), Verdict.TOOK, "vx"),
    (re.compile(r"^Ethos-u cycle counter: \d"), Verdict.TOOK, "ethosu"),
    (re.compile(r"^teflon: compiled graph, took \d"), Verdict.TOOK, "teflon"),
    (re.compile(r"^Vx delegate: allowed_cache_mode set"), Verdict.ASKED_FOR, "vx"),
    (re.compile(r"^Ethosu delegate: device_name set"), Verdict.ASKED_FOR, "ethosu"),
)
"""Sources: TensorFlow's benchmark_tflite_model.cc, subgraph.cc and simple_delegate.cc; TIM-VX (layout inference, which
runs when a partition is compiled); NXP's tflite-ethosu-delegate."""


def delegate_verdicts(command: str, lines: Iterable[str], kinds: Iterable[str]) -> dict[Delegate, Verdict]:
    """Return what a run says about each delegate; `kinds` are the operator types of its profile."""
    said = [*([command] if command else []), *lines]
    library = next(_search(said, _PATH), "")
    found: dict[Delegate, Verdict] = {}
    for name, verdict in (*_said(said), *((kind, Verdict.TOOK) for kind in kinds if is_delegate(kind))):
        delegate = _identify(name, library)
        found[delegate] = max(verdict, found.get(delegate, verdict))
    return found


def count_nodes(command: str, lines: Iterable[str], delegate: Delegate) -> Nodes | None:
    """Return the nodes that `delegate` took in a run, None if no line counts them."""
    said = [*([command] if command else []), *lines]
    library = next(_search(said, _PATH), "")
    counts = (count for line in said for read in (read_nodes, read_kernels) if (count := read(line)) is not None)
    return add_nodes(count for count in counts if _identify(count.name, library) == delegate)


def is_delegate(kind: str) -> bool:
    """Return True if a row of a profile with this type is a delegate's node."""
    return kind.lower().endswith("delegate") or kind in ("TfLiteGpuDelegateV2", "ethos-u", "NeutronGraph")


def find_delegate(name: str) -> Delegate:
    """Return the delegate called `name` in a log; if it is not known, only its name."""
    return _identify(name, "")


def _identify(name: str, library: str) -> Delegate:
    """Return the delegate with this name; `EXTERNAL`, and no name, mean the one in `library`."""
    wanted = name
    if name.lower() in ("", _EXTERNAL):
        wanted = PurePosixPath(library.replace("\\", "/")).name
    for pattern, delegate in _KNOWN:
        if pattern.search(wanted.lower()):
            return delegate
    return Delegate(shorten(wanted, 60) or _NAMELESS, None)


def _search(lines: Iterable[str], patterns: Iterable[re.Pattern[str]]) -> Iterator[str]:
    patterns = tuple(patterns)
    return (match[1] for line in lines for pattern in patterns if (match := pattern.search(line)))


def _said(lines: Iterable[str]) -> Iterator[tuple[str, Verdict]]:
    for line in lines:
        if "elegat" not in line and "Use " not in line and "--use_" not in line and ":" not in line:
            continue
        counted = read_nodes(line)
        if counted is not None:
            yield counted.name, Verdict.TOOK if counted.took else Verdict.NOTHING
            continue
        for pattern, verdict, name in _WORDS:
            match = pattern.search(line)
            if match is not None:
                yield name or next((group for group in match.groups() if group), ""), verdict
