"""What a run's lines say beside its times: the delegate, XNNPACK, calls of the NPU, operators."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from npufit.cost.measured import (
    Delegate,
    Nodes,
    ProfileRow,
    Verdict,
    count_nodes,
    delegate_verdicts,
    find_delegate,
    is_delegate,
)
from npufit.formatting import shorten
from npufit.measurements import OperatorMeasurement
from npufit.measuring.tools.kept_lines import without_paths
from npufit.measuring.tools.messages import find_message
from npufit.measuring.tools.tool import DelegateFinding, RunRequest
from npufit.stacks import Unit

_WORDS = {
    Verdict.NOT_LOADED: "its library could not be loaded",
    Verdict.FAILED: "it could not be applied",
}
_LOADED = re.compile(r"(?:Unable|Failed) to load external delegate|(?:Failed to apply|Though) \S{1,40} delegate")
_KERNEL_CALLS = {
    "ethosu cycles": re.compile(r"Ethos-u cycle counter: (\d{1,18})"),
    "teflon invoked": re.compile(r"teflon: invoked graph, took (\d{1,9}) ms"),
}
"""Messages that appear once a call of the NPU, by npufit's name for them (NXP's Ethos-U delegate, Mesa's Teflon)."""

_MOST_CALLS = 1_000_000
_MOST_OPERATORS = 10_000
_PROFILE = "benchmark_model's profile"


def find_delegate_use(lines: Sequence[str], request: RunRequest) -> DelegateFinding:
    """Return what the lines say of the delegate that `request` asks for; nothing if it asks for none."""
    if request.delegate is None:
        return DelegateFinding()
    command = f"--external_delegate_path={request.delegate.path}"
    wanted = find_delegate(request.delegate.path.rpartition("/")[2])
    said = delegate_verdicts(command, lines, ())
    mine = [delegate for delegate in said if _is_same(delegate, wanted, request.delegate.stack)]
    verdict = max((said[delegate] for delegate in mine), default=Verdict.ASKED_FOR)
    if verdict in _WORDS:
        reason = find_message(lines)
        failed = _WORDS[verdict] + (f": {reason}" if reason else "")
        return DelegateFinding(took=0, failed=failed, line=_line(lines, _LOADED))
    nodes = next((nodes for delegate in mine if (nodes := count_nodes(command, lines, delegate))), None)
    if verdict is Verdict.NOTHING:
        return DelegateFinding(0, nodes.of if nodes else None, 0, line=_line(lines, _LOADED) or _kept(nodes))
    if nodes is None:
        return DelegateFinding()
    return DelegateFinding(nodes.took, nodes.of, nodes.partitions, line=_kept(nodes))


def says_xnnpack(lines: Sequence[str], rows: Iterable[ProfileRow]) -> bool | None:
    """Return whether XNNPACK took part: it took nodes, or it took none or is switched off; None if nothing tells.

    That it was created tells nothing: 8-bit models of older releases have no kernels there. Newer ones use it silently.
    """
    if any(row.is_inside_xnnpack for row in rows):
        return True
    said = (verdict for delegate, verdict in delegate_verdicts("", lines, ()).items() if delegate.unit is Unit.CPU)
    found = next(said, Verdict.ASKED_FOR)
    if found is not Verdict.ASKED_FOR:
        return found is Verdict.TOOK
    return False if any(line.startswith("Use xnnpack: [0]") for line in lines) else None


def kernel_calls(lines: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Return the values of the messages that appear once a call of the NPU."""
    found: dict[str, list[int]] = {}
    for line in lines:
        for name, pattern in _KERNEL_CALLS.items():
            match = pattern.search(line)
            if match is not None and len(found.setdefault(name, [])) < _MOST_CALLS:
                found[name].append(int(match[1]))
    return {name: tuple(values) for name, values in found.items()}


def operators_of(rows: Iterable[ProfileRow]) -> tuple[OperatorMeasurement, ...]:
    """Return the rows of a profile as operators: kernels inside XNNPACK have no place in the model."""
    found: list[OperatorMeasurement] = []
    for row in rows:
        unit = find_delegate(row.kind).unit if is_delegate(row.kind) else Unit.CPU
        found.append(
            OperatorMeasurement(
                unit=(unit or Unit.CPU).value,
                type=shorten(row.kind, 80),
                name="" if row.is_inside_xnnpack else shorten(row.name, 80),
                index=None if is_delegate(row.kind) or row.is_inside_xnnpack else row.index,
                ms=row.ms,
                calls=row.calls,
                how=f"{_PROFILE}, a kernel of XNNPACK" if row.is_inside_xnnpack else _PROFILE,
            )
        )
        if len(found) == _MOST_OPERATORS:
            break
    return tuple(found)


def _is_same(delegate: Delegate, wanted: Delegate, stack: str) -> bool:
    return delegate == wanted or (bool(stack) and delegate.stack == stack)


def _line(lines: Iterable[str], pattern: re.Pattern[str]) -> str:
    return next((without_paths(line.strip()) for line in lines if pattern.search(line)), "")


def _kept(nodes: Nodes | None) -> str:
    return without_paths(nodes.line.strip()) if nodes else ""
