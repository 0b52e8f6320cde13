"""Regress the cost models again: `python -m npufit.cost.regression` from a checkout.

`--workloads` first builds and compiles every measured network again. Then each model is fitted to its rows, and each
network is predicted by nested cross-validation (`cross_validation.py`). The results are `coefficients.json`, with
coefficients and the data for bands, and `held_out.json`, with every held-out prediction and the errors on whole classes
of networks that were left out. The same rows always give the same files.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from math import log
from pathlib import Path
from statistics import fmean, median
from typing import Any

from npufit.chips import chip_names, is_packaged, load_chip
from npufit.cost.assembly import SLOWER_BESIDE_A_DELEGATE
from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.cpu import caches_of, cpu_cost, elasticities, total_ms, total_terms
from npufit.cost.cpu_coefficients import CACHE, CORES, coefficients, is_time
from npufit.cost.measured.public_measurements import Row as MeasuredRow
from npufit.cost.measured.public_measurements import architecture, compiler_ms, load_workload, measured_rows
from npufit.cost.npu import NpuModel, load_npu_model
from npufit.cost.npu.arrays import total_of
from npufit.cost.packaged_files import COEFFICIENTS, HELD_OUT
from npufit.cost.possible_workloads import Taking, all_it_could_take, as_unknown
from npufit.cost.regression.cross_validation import (
    FEW,
    Answer,
    Choice,
    Held,
    Question,
    Row,
    Validation,
    hold_out,
    solve,
)
from npufit.cost.regression.least_squares import NOISE, Case, regress
from npufit.cost.regression.left_out_classes import CLASSES, is_in
from npufit.cost.regression.workload_files import PLACED, write_workloads
from npufit.cost.workload import PlacedDemand, Workload
from npufit.stacks import Unit

_DIGITS = 4
_LOOSER = 0.15
"""How far rows of different networks may lie apart if no model explains them better."""

_SMALL_COSTS = ("patch_row_ns", "depthwise_step_ns", "depthwise_ns_per_byte")
_CPU_CHOICES = tuple(Choice(dropped, noise) for dropped in ((), _SMALL_COSTS) for noise in (NOISE, _LOOSER))
_NPU_CHOICES = tuple(Choice((), noise) for noise in (NOISE, _LOOSER))

_TAIL = "tail_factor"
"""How much longer convolutions on the CPU take beside a delegate; not every NPU's model has this."""


def main() -> None:
    """Fit every model and write the results."""
    parser = argparse.ArgumentParser(prog="python -m npufit.cost.regression", description=__doc__)
    parser.add_argument("--workloads", action="store_true", help="build and compile every measured network again")
    if parser.parse_args().workloads:
        write_workloads()
    document = regress_all()
    _write(HELD_OUT, document.pop("held_out"))
    _write(COEFFICIENTS, document)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", "utf-8")


def regress_all() -> dict[str, Any]:
    """Return the content of `coefficients.json`, and of `held_out.json` as `held_out`."""
    questions: dict[str, Question] = {}
    outcomes: dict[str, Validation] = {}

    def ask(group: str, question: Question) -> None:
        questions[group] = question
        outcomes[group] = solve(question)

    timed = [chip for chip in map(load_chip, chip_names()) if chip.cpu_times and is_packaged(chip.name)]
    for chip in sorted(timed, key=lambda chip: "prior" in chip.cpu_times):
        if "prior" in chip.cpu_times:
            prior = outcomes[f"{chip.cpu_times['prior'].value}/cpu"]
            ask(f"{chip.name}/cpu", Question((Choice(),), functools.partial(_lent_question, chip.name, prior)))
            continue
        wanted = coefficients(has_dot_product=bool(chip.cpu_times["dot_product"].value))
        ask(f"{chip.name}/cpu", Question(_CPU_CHOICES, functools.partial(_cpu_question, chip.name, wanted)))
    for name, lender in _npus().items():
        cpu = outcomes[f"{name.partition('/')[0]}/cpu"]
        shared = _model_of(name).borrowed
        ask(name, Question(_NPU_CHOICES, functools.partial(_npu_question, name, cpu, outcomes.get(lender), shared)))
    predicted = {
        row.index: (held, row.scale)
        for group, outcome in outcomes.items()
        for row, held in zip(_counted(group), outcome.held, strict=True)
    }
    return {
        "form": 2,
        "models": {name: _model_document(name, outcome, outcomes) for name, outcome in outcomes.items()},
        "held_out": {
            "rows": [_held_out_row(row, *predicted.get(row.index, (None, 1.0))) for row in measured_rows()],
            "classes": _classes(questions),
        },
    }


def _npus() -> dict[str, str]:
    """Return each NPU under each stack that has a cost model, and the one that lends it coefficients, lenders first."""
    found: dict[str, str] = {}
    for chip in map(load_chip, filter(is_packaged, chip_names())):
        for stack, facts in chip.stacks.items():
            if "cost-model" in facts:
                lender = facts.get("cost-prior")
                found[f"{chip.name}/{stack}"] = f"{chip.name}/{lender.value}" if lender is not None else ""
    return dict(sorted(found.items(), key=lambda pair: bool(pair[1])))


def _model_of(name: str) -> NpuModel:
    model = load_npu_model(*name.split("/"))
    assert model is not None, f"the chip file names the cost model of {name}"
    return model


def _model_document(name: str, outcome: Validation, outcomes: Mapping[str, Validation]) -> dict[str, Any]:
    chip, _, stack = name.partition("/")
    values = dict(outcome.answer.values)
    if stack == "cpu":
        values |= {CACHE: _cache_bytes(chip), CORES: float(load_chip(chip).cpu[0].cores.value)}
    lender = _npus().get(name)
    if lender:
        values |= {key: outcomes[lender].answer.values[key] for key in _model_of(name).borrowed}
    spread = asdict(outcome.answer.spread)
    spread["covariance"] = [_rounded(entry) for entry in spread["covariance"]]
    for key in ("coverage", "median_error", "noise", "reach"):
        spread[key] = None if spread[key] is None else _rounded(spread[key])
    releases = dict.fromkeys(row.release for row in sorted(_counted(name), key=_age) if row.release)
    return {
        "values": {key: _rounded(value) for key, value in values.items()},
        "spread": spread,
        "releases": list(releases),
    }


def _age(row: MeasuredRow) -> tuple[int, ...]:
    return tuple(int(part) for part in row.release.removeprefix("lf-").split(".") if part)


def _held_out_row(row: MeasuredRow, held: Held | None, scale: float) -> dict[str, Any]:
    compiled = compiler_ms(row.network, row.placed_on) if row.network and row.stack else None
    return {
        "row": row.index,
        "network": row.network or None,
        "group": row.group,
        "predicted_ms": None if held is None else _rounded(held.ms * scale),
        "low_ms": None if held is None else _rounded(held.low_ms * scale),
        "high_ms": None if held is None else _rounded(held.high_ms * scale),
        "compiler_ms": compiled,
        "left_out": row.left_out or ("" if held is not None else "no cost model is fitted to this group"),
    }


def _rounded(value: float) -> float:
    if float(value).is_integer():
        return float(value)
    return float(f"{value:.{_DIGITS}g}")


def _classes(questions: Mapping[str, Question]) -> list[dict[str, Any]]:
    """Return the errors on whole classes of networks that the fit has not seen."""
    found: list[dict[str, Any]] = []
    for group, question in questions.items():
        rows = _counted(group)
        for name in CLASSES:
            networks = {architecture(row.network) for row in rows if is_in(name, row)}
            others = {architecture(row.network) for row in rows} - networks
            if not networks or len(others) < FEW:
                continue
            _, held = hold_out(question, networks, None)
            judged = [(rows[place].measured_ms / rows[place].scale, entry) for place, entry in sorted(held.items())]
            errors = [abs(entry.ms / ms - 1) for ms, entry in judged]
            found.append(
                {
                    "group": group,
                    "left_out": name,
                    "rows": len(judged),
                    "networks": len(networks),
                    "median_error": _rounded(median(errors)),
                    "mean_error": _rounded(fmean(errors)),
                    "coverage": _rounded(fmean(entry.low_ms <= ms <= entry.high_ms for ms, entry in judged)),
                    "low": _rounded(median(entry.low_ms / entry.ms for _, entry in judged)),
                    "high": _rounded(median(entry.high_ms / entry.ms for _, entry in judged)),
                }
            )
    return found


def _counted(group: str) -> tuple[MeasuredRow, ...]:
    return tuple(row for row in measured_rows() if row.group == group and not row.left_out)


@functools.cache
def _cache_bytes(chip: str) -> float:
    """Return the size of the last cache that the CPU's cores share."""
    memory = next(memory for memory in load_chip(chip).memories if memory.name.startswith("CPU L"))
    assert memory.size.unit == "KiB", "chip files give caches in KiB"
    return float(memory.size.value) * 1024


@functools.cache
def _cpu_rows(chip: str) -> tuple[Row, ...]:
    return tuple(_cpu_row(row, chip) for row in _counted(f"{chip}/cpu"))


def _cpu_row(row: MeasuredRow, chip: str) -> Row:
    threads = row.threads or 1
    demands = [operator.demand for operator in load_workload(row.network, "cpu").operators]
    terms = total_terms(demands, caches_of(demands, {CACHE: _cache_bytes(chip)}), threads)

    def predict(values: Values) -> float:
        return total_ms(terms, values, threads)

    def slopes(values: Values) -> Mapping[str, float]:
        return elasticities(terms, values, threads)

    return Row(Case(architecture(row.network), row.measured_ms / row.scale, predict, slopes), predict, slopes)


def _cpu_question(
    chip: str, wanted: Sequence[Coefficient], unknown: str | None
) -> tuple[Sequence[Coefficient], Sequence[Row]]:
    return wanted, _cpu_rows(chip)


_XNNPACK = Coefficient(
    "pace",
    "1",
    "how much less time the same core takes with XNNPACK",
    0.59,
    1.15,
    "MobileNet V2 on a Cortex-A53: 140 Mcycles with XNNPACK, 222 with the kernels of NXP's BSPs; clocks 1700 and 1800",
)
_FROM_ANOTHER_CHIP = 1.15
"""How far single coefficients of the same core with other kernels may differ from that."""


def _lent_question(chip: str, lender: Validation, unknown: str | None) -> tuple[Sequence[Coefficient], Sequence[Row]]:
    """Return the coefficients of a core with kernels other than the lender's: at one pace, which the rows determine."""
    rows = _cpu_rows(chip)
    answer = lender.apart.get(unknown or "", lender.answer)

    def paced(pace: float) -> dict[str, float]:
        return {name: value * (pace if is_time(name) else 1.0) for name, value in answer.values.items()}

    def case(row: Row) -> Case:
        return Case(row.network, row.case.measured_ms, lambda found: row.case.predict(paced(found["pace"])))

    cases = [case(row) for row in rows if row.network != unknown]
    start = paced(regress([_XNNPACK], cases).values["pace"])
    return (
        tuple(
            replace(entry, prior=start[entry.name] or entry.prior, spread=_lent_spread(entry, answer))
            for entry in coefficients(has_dot_product=True)
        ),
        rows,
    )


def _lent_spread(entry: Coefficient, lender: Answer) -> float:
    """Return how far a borrowed coefficient may be off: a little, or as much as it is uncertain to the lender."""
    names = lender.spread.names
    place = names.index(entry.name) if entry.name in names else None
    own = log(entry.spread) if place is None else lender.spread.covariance[place * (place + 3) // 2] ** 0.5
    return float(2.718281828459045 ** max(log(_FROM_ANOTHER_CHIP), own))


def _npu_question(
    name: str, cpu: Validation, lender: Validation | None, shared: Sequence[str], unknown: str | None
) -> tuple[Sequence[Coefficient], Sequence[Row]]:
    chip, _, stack = name.partition("/")
    model = load_npu_model(chip, stack)
    assert model is not None, f"{name} has a cost model"
    lent_answer = lender.apart.get(unknown or "", lender.answer) if lender is not None else None
    lent = {key: lent_answer.values[key] for key in shared} if lent_answer is not None else {}
    answer = cpu.apart.get(unknown or "", cpu.answer)
    values = {**answer.values, CACHE: _cache_bytes(chip)}
    rows = [_npu_row(row, name, model, replace(answer, values=values), lent) for row in _counted(name)]
    return tuple(entry for entry in model.coefficients if entry.name not in lent), rows


def _npu_row(row: MeasuredRow, name: str, model: NpuModel, cpu: Answer, lent: Values) -> Row:
    workload = _placed(row, name, model)
    assert workload.partitions, f"{row.network} is placed on {row.placed_on}: run with --workloads"
    whole = total_of(model, workload)
    assert whole is not None, f"{name} has a model on arrays"
    left = dict.fromkeys((False, True), 0.0)
    deviation = 0.0
    if not row.is_npu_alone:
        operators = workload.on(Unit.CPU)
        caches = caches_of((operator.demand for operator in workload.operators), cpu.values)
        for operator in operators:
            is_slowed = operator.demand.family in SLOWER_BESIDE_A_DELEGATE
            left[is_slowed] += cpu_cost(operator.demand, cpu.values, 1, caches).ms
        deviation = _cpu_deviation(operators, workload, cpu)

    def own(values: Values) -> float:
        return whole.ms({**values, **lent})

    def own_slopes(values: Values) -> Mapping[str, float]:
        return whole.slopes({**values, **lent})

    def predict(values: Values) -> float:
        return left[False] + left[True] * values.get(_TAIL, 1.0) + own(values)

    def slopes(values: Values) -> Mapping[str, float]:
        total, mine = predict(values), own(values)
        found = {key: slope * mine / total for key, slope in own_slopes(values).items()}
        return {**found, _TAIL: left[True] * values[_TAIL] / total} if _TAIL in values else found

    return Row(Case(architecture(row.network), row.measured_ms, predict, slopes), own, own_slopes, deviation)


def _cpu_deviation(operators: Sequence[PlacedDemand], workload: Workload, cpu: Answer) -> float:
    """Return by how much the logarithm of the CPU's share may be off: half of the width of its band."""
    caches = caches_of((operator.demand for operator in workload.operators), cpu.values)
    terms = total_terms([operator.demand for operator in operators], caches, 1)
    ms = total_ms(terms, cpu.values, 1)
    return cpu.spread.reach * cpu.spread.deviation(elasticities(terms, cpu.values, 1), ms) if ms > 0 else 0.0


@functools.cache
def _everything(network: str, name: str) -> Workload:
    model = load_npu_model(*name.split("/"))
    assert isinstance(model, Taking), f"{name}: the model says what its NPU could take"
    return all_it_could_take(as_unknown(load_workload(network, "cpu")), model)


def _placed(row: MeasuredRow, name: str, model: NpuModel) -> Workload:
    """Return the network of `row` as placed when it was measured, otherwise with everything that the NPU could take."""
    return load_workload(row.network, row.placed_on) if name in PLACED else _everything(row.network, name)
