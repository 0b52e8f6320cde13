"""Logs of the Vela route: what `vela` prints, and what NXP's ethosu delegate reports on the board."""

from __future__ import annotations

import re
from collections import Counter

from npufit.graph import Model, OperatorId
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Note, Unit
from npufit.stacks.rule import Evidence
from npufit.stacks.vela.reasons import Reason, read_reasons

# nxp-imx/tflite-ethosu-delegate-imx, simple_delegate.cc: DelegatePrepare.
_DELEGATED = re.compile(
    r"EthosuDelegate(?: delegate)?: (\d{1,9}) nodes delegated out of (\d{1,9}) nodes with (\d{1,9}) partitions",
    re.ASCII,
)
_TOTAL = re.compile(r"^(CPU|NPU) operators = (\d{1,9}) \(", re.MULTILINE)
_CONFIGURATION = re.compile(r"^(Accelerator configuration|System configuration|Memory mode) +(\S+) *$", re.MULTILINE)


def read_log(text: str, model: Model) -> LogReport | None:
    """Return what a log of the delegate or of Vela says about `model`, or None if `text` is neither.

    A delegate's log wins over Vela's in the same text, because it comes from the board.
    """
    return _delegate_report(text, model) or _vela_report(text, model)


def _delegate_report(text: str, model: Model) -> LogReport | None:
    found = _DELEGATED.search(text)
    if found is None:
        return None
    delegated, total, partitions = (int(group) for group in found.groups())
    count = len(model.main.operators)
    notes: tuple[Note, ...] = ()
    if total != count:
        notes = (
            Note(
                f"The delegate saw {total} operators, but this file has {count}: it ran another file, most likely the "
                "one that Vela made from it",
                Evidence.EXECUTED,
                "log of the ethosu delegate",
            ),
        )
    return LogReport(
        kind="ethosu delegate",
        partitions=partitions,
        npu_operators=delegated,
        total_operators=total,
        counts_source_operators=total == count,
        notes=notes,
    )


def _vela_report(text: str, model: Model) -> LogReport | None:
    totals = {name: int(count) for name, count in _TOTAL.findall(text)}
    reasons = read_reasons(text)
    if not totals and not reasons:
        return None
    cpu, npu = totals.get("CPU"), totals.get("NPU")
    # Vela folds some operators away after it warned of them. Only where as many stay on the CPU as it warned of,
    # the warnings are the placement.
    decided = cpu is not None and cpu == len(reasons)
    return LogReport(
        kind="vela",
        units=_units(reasons, model) if decided else {},
        npu_operators=npu,
        total_operators=None if cpu is None or npu is None else cpu + npu,
        counts_source_operators=False,
        notes=tuple(Note(line, Evidence.EXECUTED, "log of Vela") for line in _told(text, cpu, npu, decided)),
    )


def _units(reasons: tuple[Reason, ...], model: Model) -> dict[OperatorId, Unit]:
    """Return the operators that the warnings name, if type and output name match exactly one operator."""
    places = [
        ((operator.type, model.subgraphs[place.subgraph].tensors[tensor].name), place)
        for place, operator in model.operators()
        for tensor in operator.outputs
    ]
    counts = Counter(key for key, _ in places)
    unique = {key: place for key, place in places if counts[key] == 1}
    named = dict.fromkeys((reason.operator_type, reason.output) for reason in reasons)
    return {unique[key]: Unit.CPU for key in named if key in unique}


def _told(text: str, cpu: int | None, npu: int | None, decided: bool) -> list[str]:
    told: list[str] = []
    if cpu is not None and npu is not None:
        told.append(f"Vela's totals, CPU {cpu} and NPU {npu}, count its internal operators, not those of this file")
    if not decided:
        told.append("Vela's warnings are not its placement: it may fold an operator away after warning about it")
    configuration = ", ".join(f"{name.lower()} {value}" for name, value in _CONFIGURATION.findall(text))
    if configuration:
        told.append(f"Vela was run with {configuration}")
    return told
