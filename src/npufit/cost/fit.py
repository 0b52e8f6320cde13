"""Fit the cost models again: `python -m npufit.cost.fit` from a checkout.

`--workloads` first builds and compiles every measured network anew. Then each model is fitted to its rows, each
network is predicted by a fit that did not see it. Written are `fitted.json`, with coefficients and the band that these
held-out errors give, and `held_out.json` with every held-out prediction. The same rows always give the same files.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from pathlib import Path
from statistics import median
from typing import Any

from npufit.chips import load_chip
from npufit.cost.assembly import SLOWER_BESIDE_A_DELEGATE
from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.cpu import CACHE, CORES, coefficients, cpu_cost, is_time, total_ms, total_terms
from npufit.cost.data import FITTED, HELD_OUT, WORKLOADS
from npufit.cost.fitting import Case, fit, held_out
from npufit.cost.hypothesis import Taking, all_it_could_take, as_unknown
from npufit.cost.npu import NpuModel, load_npu_model
from npufit.cost.npu.etnaviv import SHARED_WITH_VX
from npufit.cost.npu.teflon_ethosu import SHARED_WITH_VELA
from npufit.cost.reference import (
    INDEX,
    Row,
    architecture,
    compiler_ms,
    file_name,
    fingerprint,
    load_workload,
    measured_index,
    measured_rows,
    networks,
    workload_document,
)
from npufit.cost.workload import Workload, on_the_cpu, workload_of
from npufit.graph import Model
from npufit.stacks import PlaceOptions, Unit, load_stack, resolve_target
from npufit.zoo import build, parse_spec

_DIGITS = 4
_COVERAGE = 0.85
"""The share of the held-out rows that a band contains."""

_STEPS = 100
"""Bands are rounded outwards to hundredths, so that the rows at their ends stay inside."""

_COMPILED = "imx93/vela"
"""The target whose compiler runs here."""

_FEW = 5
"""With fewer networks than this no band can be read off them."""

_GUESSED = 1.6
"""The factor of a band that is guessed."""

_GUESSED_BLINDLY = 2.0
"""The same where nothing at all was measured."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fitted model: values, the band, and the held-out predictions of its rows in their order."""

    values: Values
    band: dict[str, Any]
    rows: tuple[Row, ...]
    predictions: tuple[float, ...]


def main() -> None:
    """Fit every model and write what comes out."""
    parser = argparse.ArgumentParser(prog="python -m npufit.cost.fit", description=__doc__)
    parser.add_argument("--workloads", action="store_true", help="build and compile every measured network anew")
    if parser.parse_args().workloads:
        write_workloads()
    document = fit_all()
    _write(HELD_OUT, document.pop("held_out"))
    _write(FITTED, document)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", "utf-8")


def write_workloads() -> None:
    """Build every network that a measurement is tied to, compile it where that can be done, and keep the workloads."""
    WORKLOADS.mkdir(exist_ok=True)
    fingerprints: dict[str, str] = {}
    compiled = {row.network for row in measured_rows() if row.group == _COMPILED}
    for network in networks():
        model = build(parse_spec(network))
        alone = on_the_cpu(model)
        placed = {_COMPILED: _compiled(model)} if network in compiled else {}
        document = workload_document(alone, placed)
        (WORKLOADS / file_name(network)).write_text(json.dumps(document, separators=(",", ":")) + "\n", "utf-8")
        fingerprints[network] = fingerprint(operator.demand for operator in alone.operators)
    index = json.dumps(measured_index(fingerprints), indent=0, sort_keys=True)
    (WORKLOADS / INDEX).write_text(index + "\n", "utf-8")


def _compiled(model: Model) -> tuple[Workload, float]:
    placement = load_stack("vela").place(model, resolve_target(_COMPILED), PlaceOptions())
    estimate = placement.compiler_estimate
    assert estimate is not None, "Vela's estimate comes with every compilation"
    return workload_of(model, placement), round(estimate.total_ms, _DIGITS)


_NPUS = (
    ("imx93/vela", "", ()),
    ("imx93/teflon", "imx93/vela", SHARED_WITH_VELA),
    ("imx8mp/vx", "", ()),
    ("imx8mp/teflon", "imx8mp/vx", SHARED_WITH_VX),
    ("imx95/neutron", "", ()),
)
"""Each NPU under each stack, and the coefficients that another stack on the same silicon lends it."""


def fit_all() -> dict[str, Any]:
    """Return the content of `fitted.json`, and of `held_out.json` as `held_out`."""
    outcomes: dict[str, Outcome] = {}
    for chip, has_dot_product in (("imx93", True), ("imx8mp", False)):
        outcomes[f"{chip}/cpu"] = _fit_cpu(chip, coefficients(has_dot_product=has_dot_product))
    outcomes["imx95/cpu"] = _fit_cpu("imx95", _expected(outcomes["imx93/cpu"].values))
    for name, lender, shared in _NPUS:
        chip, _, stack = name.partition("/")
        model = load_npu_model(chip, stack)
        assert model is not None, f"{name} has a cost model"
        lent = {key: outcomes[lender].values[key] for key in shared}
        outcomes[name] = _fit_npu(name, model, outcomes[f"{chip}/cpu"].values, lent)
    predicted = {
        row.index: ms
        for outcome in outcomes.values()
        for row, ms in zip(outcome.rows, outcome.predictions, strict=True)
    }
    return {
        "form": 1,
        "models": {
            name: {"values": {key: _rounded(value) for key, value in outcome.values.items()}, "band": outcome.band}
            for name, outcome in outcomes.items()
        },
        "held_out": [_held_out_row(row, predicted.get(row.index)) for row in measured_rows()],
    }


def _held_out_row(row: Row, ms: float | None) -> dict[str, Any]:
    compiled = compiler_ms(row.network, f"{row.chip}/{row.stack}") if row.network and row.stack else None
    return {
        "row": row.index,
        "network": row.network or None,
        "group": row.group,
        "predicted_ms": None if ms is None else _rounded(ms),
        "compiler_ms": compiled,
        "left_out": row.left_out or ("" if ms is not None else "no cost model is fitted to this group"),
    }


def _rounded(value: float) -> float:
    if value.is_integer():
        return value
    return float(f"{value:.{_DIGITS}g}")


_OTHER_KERNELS = 0.56
"""How much less time i.MX95 takes than i.MX93 for the same network: MobileNet V1 29 for 51.8 ms, V2 37.2 for 62.5."""

_FROM_ANOTHER_CHIP = 1.15
"""How far single coefficients of the same core with other kernels may lie from that."""


def _expected(values: Values) -> tuple[Coefficient, ...]:
    """Return the coefficients of i.MX95's A55, whose clock and kernels differ, with i.MX93's as what one expects."""
    return tuple(
        replace(
            entry,
            prior=values[entry.name] * (_OTHER_KERNELS if is_time(entry.name) else 1.0),
            spread=_FROM_ANOTHER_CHIP,
            source=f"fitted for i.MX93, times {_OTHER_KERNELS}",
        )
        for entry in coefficients(has_dot_product=True)
    )


def _counted(group: str) -> tuple[Row, ...]:
    return tuple(row for row in measured_rows() if row.group == group and not row.left_out)


def _fit_cpu(chip: str, wanted: Sequence[Coefficient]) -> Outcome:
    rows = _counted(f"{chip}/cpu")
    cache = _cache_bytes(chip)

    def case(row: Row) -> Case:
        threads = row.threads or 1
        workload = load_workload(row.network, "cpu")
        terms = total_terms((operator.demand for operator in workload.operators), cache)
        return Case(architecture(row.network), row.measured_ms, lambda values: total_ms(terms, values, threads))

    outcome = _outcome(wanted, rows, case)
    return replace(outcome, values={**outcome.values, CACHE: cache, CORES: float(load_chip(chip).cpu[0].cores.value)})


def _cache_bytes(chip: str) -> float:
    """Return the size of the last cache that the CPU's cores share."""
    memory = next(memory for memory in load_chip(chip).memories if memory.name.startswith("CPU L"))
    assert memory.size.unit == "KiB", "chip files give caches in KiB"
    return float(memory.size.value) * 1024


def _fit_npu(name: str, model: NpuModel, cpu: Values, lent: Values) -> Outcome:
    """Return `model` fitted to the rows of `name`; coefficients in `lent` stay as they are."""
    rows = _counted(name)
    free = tuple(entry for entry in model.coefficients if entry.name not in lent)

    def case(row: Row) -> Case:
        workload = _placed(row.network, name, model)
        left = dict.fromkeys((False, True), 0.0)
        for operator in workload.on(Unit.CPU):
            is_slowed = operator.demand.family in SLOWER_BESIDE_A_DELEGATE
            left[is_slowed] += cpu_cost(operator.demand, cpu, 1).ms

        def predict(values: Values) -> float:
            cost = model.cost(workload, {**values, **lent})
            if row.is_npu_alone:
                return cost.total_ms
            return left[False] + left[True] * cost.tail_factor + cost.total_ms

        return Case(architecture(row.network), row.measured_ms, predict)

    outcome = _outcome(free, rows, case)
    return replace(outcome, values={**outcome.values, **lent})


def _placed(network: str, name: str, model: NpuModel) -> Workload:
    """Return `network` as it is placed on `name`: as compiled, or else with all that the NPU could take on it."""
    if name == _COMPILED:
        return load_workload(network, name)
    assert isinstance(model, Taking), f"{name}: the model says what its NPU could take"
    return all_it_could_take(as_unknown(load_workload(network, "cpu")), model)


def _outcome(wanted: Sequence[Coefficient], rows: tuple[Row, ...], case: Callable[[Row], Case]) -> Outcome:
    cases = [case(row) for row in rows]
    predictions = held_out(wanted, cases)
    return Outcome(fit(wanted, cases), _band(cases, predictions), rows, tuple(predictions))


def _band(cases: Sequence[Case], predictions: Sequence[float]) -> dict[str, Any]:
    """Return the band that holds most of the held-out rows; a guess where there are few networks."""
    factors = sorted(case.measured_ms / ms for case, ms in zip(cases, predictions, strict=True))
    names = {case.network for case in cases}
    errors = [abs(1 / factor - 1) for factor in factors]
    if len(names) < _FEW:
        factor = _GUESSED if names else _GUESSED_BLINDLY
        low, high = 1 / factor, factor
        count = f"{len(names)} networks were measured" if names else "no measurement of it is public"
        origin = f"a guess, because {count}: too few to read a band off"
    else:
        low, high = _narrowest(factors)
        origin = f"errors of {len(cases)} measured rows of {len(names)} networks, each left out of its fit"
    return {
        "low": floor(min(low, 1.0) * _STEPS) / _STEPS,
        "high": ceil(max(high, 1.0) * _STEPS) / _STEPS,
        "coverage": _rounded(sum(low <= factor <= high for factor in factors) / len(factors)) if factors else None,
        "rows": len(cases),
        "networks": len(names),
        "median_error": _rounded(median(errors)) if errors else None,
        "origin": origin,
    }


def _narrowest(ordered: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the narrowest range that holds `_COVERAGE` of `ordered`."""
    held = ceil(_COVERAGE * len(ordered))
    ranges = ((ordered[start], ordered[start + held - 1]) for start in range(len(ordered) - held + 1))
    return min(ranges, key=lambda ends: ends[1] / ends[0])


if __name__ == "__main__":
    main()
