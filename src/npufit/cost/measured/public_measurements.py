"""Public measurements, and the networks that were measured.

`measurements.csv` and `more_measurements.csv` (other boards with the same cores) hold the rows as published,
`networks.toml` says which network of the zoo each row measures and which boards stand in for one of npufit's chips, and
`workloads/` holds the demands of these networks, so that predicting them needs no building or compiling.
"""

from __future__ import annotations

import functools
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from typing import Any

from npufit.chips import chip_names, is_packaged, load_chip
from npufit.cost.demand import Demand
from npufit.cost.estimate import Measured
from npufit.cost.packaged_files import FOLDER, WORKLOADS, read_json
from npufit.cost.workload import PlacedDemand, Workload, assumed
from npufit.graph import Family, OperatorId
from npufit.stacks import CompilerPass, Traffic, Unit

INDEX = "index.json"

_FILES = ("measurements.csv", "more_measurements.csv")
_STACKS = (("ethosu-delegate", "vela"), ("vx-delegate", "vx"), ("teflon", "teflon"), ("neutron", "neutron"))
_FINGERPRINTED = (Family.CONVOLUTION, Family.DEPTHWISE, Family.MATRIX, Family.TRANSPOSED, Family.RECURRENT)


@dataclass(frozen=True, slots=True)
class Row:
    """One measured row. `index` is its place in the files, `chip` npufit's name, empty if npufit has no such chip.

    `stands_for` is the group of a chip with the same core for which this row counts as well, empty if there is none;
    the board takes `scale` times as long as that chip. `release` is that of the stack, empty if unknown; `placed_with`
    is another one, if that release cannot compile the network.

    `network` is the zoo's network, empty if none is the same; `left_out` says why the row does not count, empty if it
    does; `threads` is None for the NPU.
    """

    index: int
    chip_name: str
    chip: str
    unit: Unit
    threads_text: str
    threads: int | None
    stack_name: str
    stack: str
    version: str
    model: str
    size: str
    measured_ms: float
    source: str
    network: str
    left_out: str
    stands_for: str = ""
    scale: float = 1.0
    release: str = ""
    placed_with: str = ""

    @property
    def is_npu_alone(self) -> bool:
        """True if the time is that of the NPU's node in a profile, without the CPU's share."""
        return "node only" in self.stack_name

    @property
    def placed_on(self) -> str:
        """The target on which the network is placed as it was when measured, without a release if unknown."""
        release = self.placed_with or self.release
        return f"{self.chip}/{self.stack}{f'@{release}' if release else ''}"

    @property
    def group(self) -> str:
        """The model that predicts the row, such as `imx93/cpu` or `imx93/vela`; without one, the source's words."""
        if self.stands_for:
            return self.stands_for
        return f"{self.chip or self.chip_name}/{'cpu' if self.unit is Unit.CPU else self.stack or self.stack_name}"


@functools.cache
def measured_rows() -> tuple[Row, ...]:
    """Return every row of the measurements, in file order."""
    import csv
    import tomllib

    chips = {load_chip(name).measured_as: name for name in chip_names() if is_packaged(name)}
    ties = tomllib.loads((FOLDER / "networks.toml").read_text("utf-8"))
    rows = [row for file in _FILES for row in csv.DictReader((FOLDER / file).read_text("utf-8").splitlines())]
    return tuple(_row(index, row, ties, chips) for index, row in enumerate(rows))


def _row(index: int, row: dict[str, str], ties: dict[str, Any], chips: Mapping[str, str]) -> Row:
    chip = chips.get(row["chip"], "")
    unit = Unit(row["unit"])
    stack = next((name for start, name in _STACKS if row["stack"].startswith(start)), "")
    key = f"{row['model']} @ {row['input_hw']} {row['quantization'].split()[0]}"
    network: str = ties["networks"].get(key, "")
    threads, unclear = _threads(row, ties) if unit is Unit.CPU else (None, "")
    stand_in = next((rule for rule in ties["stand_in"] if _matches(rule["where"], row)), None) if not chip else None
    reasons = (
        *(rule["why"] for rule in ties["leave_out"] if _matches(rule, row)),
        "" if chip or stand_in else "npufit has no such chip",
        "" if network else ties["missing"].get(key, "no network of the zoo is the same"),
        unclear,
        "" if stack or unit is Unit.CPU else "npufit has no such stack",
    )
    return Row(
        index=index,
        chip_name=row["chip"],
        chip=chip,
        unit=unit,
        threads_text=row["threads"],
        threads=threads,
        stack_name=row["stack"],
        stack=stack,
        version=row["stack_version"],
        model=row["model"],
        size=row["input_hw"],
        measured_ms=float(row["latency_ms"]),
        source=row["source"],
        network=network,
        left_out=next((reason for reason in reasons if reason), ""),
        stands_for=stand_in["group"] if stand_in else "",
        scale=stand_in["clock_mhz"] / float(row["clock_mhz"]) if stand_in else 1.0,
        release=_release(ties["placed"].get(f"{chip}/{stack}", {}), row["stack_version"]) if unit is Unit.NPU else "",
        placed_with=ties["placed_otherwise"].get(f"{chip}/{stack}", {}).get(network, "") if unit is Unit.NPU else "",
    )


def _release(releases: Mapping[str, str], version: str) -> str:
    """Return the release that a part of `version` names, empty if none does."""
    return next((release for part, release in releases.items() if part in version), "")


def _threads(row: dict[str, str], ties: dict[str, Any]) -> tuple[int | None, str]:
    text = row["threads"]
    if text.isdigit():
        return int(text), ""
    if text in ties["threads"]:
        return ties["threads"][text], ""
    for rule in ties["assume_threads"]:
        if rule["source"] in row["source"]:
            return rule["threads"], ""
    return None, "the number of threads is not stated"


def _matches(rule: dict[str, str], row: dict[str, str]) -> bool:
    """Return True if every text of `rule` occurs in the row's column of that name."""
    return all(text in row[column] for column, text in rule.items() if column != "why")


_FAMILIES = ("yolov8",)
"""Networks whose variants differ only in width and depth."""


def architecture(network: str) -> str:
    """Return the group that is held out together: a network in any size, export and variant."""
    name = network.removeprefix("zoo:").partition("@")[0].partition(",")[0]
    return next((family for family in _FAMILIES if name.startswith(family)), name)


def fingerprint(demands: Iterable[Demand]) -> str:
    """Return what identifies a network: its convolutions and matrix products, whatever its export added around them."""
    shapes = sorted(
        (
            *(demand.family.value, demand.macs, demand.height, demand.width, demand.depth_in, demand.depth_out),
            *(demand.kernel_height, demand.kernel_width, demand.stride),
        )
        for demand in demands
        if demand.family in _FINGERPRINTED
    )
    text = json.dumps(shapes).encode()
    return f"{zlib.crc32(text):08x}{zlib.adler32(text):08x}"


@functools.cache
def _index() -> dict[str, dict[str, list[list[str | float]]]]:
    """Return the measurements of every network by its fingerprint and the chip."""
    return read_json(WORKLOADS / INDEX)


def find_measured(demands: Iterable[Demand], chip: str) -> tuple[Measured, ...]:
    """Return the public measurements, on `chip`, of the network whose operators have `demands`."""
    found = _index().get(fingerprint(demands), {}).get(chip, [])
    return tuple(
        Measured(Unit(unit), str(stack), str(version), str(threads), float(ms), str(source), str(caution))
        for unit, stack, version, threads, ms, source, caution in found
    )


def measured_index(fingerprints: dict[str, str]) -> dict[str, dict[str, list[list[str | float]]]]:
    """Return the document for `find_measured`; `fingerprints` has that of every network."""
    index: dict[str, dict[str, list[list[str | float]]]] = {}
    for row in measured_rows():
        if row.network in fingerprints and row.chip:
            rows = index.setdefault(fingerprints[row.network], {}).setdefault(row.chip, [])
            how = row.unit.value, row.stack_name, row.version, row.threads_text
            rows.append([*how, row.measured_ms, row.source, row.left_out])
    return index


def file_name(network: str) -> str:
    """Return the name of the file with the workload of `network`."""
    return "".join(letter if letter.isalnum() else "_" for letter in network.removeprefix("zoo:")) + ".json"


@functools.cache
def load_workload(network: str, target: str) -> Workload:
    """Return `network` as placed on `target` (chip and stack), `cpu` for the CPU alone."""
    document = read_json(WORKLOADS / file_name(network))
    operators = [(OperatorId(subgraph, index), _demand(row)) for subgraph, index, *row in document["operators"]]
    placed = document["placed"].get(target)
    if placed is None:
        return Workload(tuple(PlacedDemand(assumed(place, Unit.CPU), demand) for place, demand in operators), {})
    return Workload(
        tuple(
            PlacedDemand(assumed(place, Unit(unit), partition), demand)
            for (place, demand), (unit, partition) in zip(operators, placed["units"], strict=True)
        ),
        {index: Traffic(*traffic) for index, *traffic in placed["partitions"]},
        tuple(_pass(row) for row in placed["passes"]),
    )


def compiler_ms(network: str, target: str) -> float | None:
    """Return the own prediction of `target`'s compiler for `network`, None if there is none."""
    document = read_json(WORKLOADS / file_name(network))
    placed = document["placed"].get(target)
    return None if placed is None else placed["compiler_ms"]


def _demand(row: list[Any]) -> Demand:
    kind, family, *rest = row
    return Demand(kind, Family(family), *rest)


def _pass(row: list[Any]) -> CompilerPass:
    partition, subgraph, index, *rest = row
    return CompilerPass(partition, None if subgraph is None else OperatorId(subgraph, index), *rest)


def _pass_row(entry: CompilerPass) -> list[Any]:
    partition, operator, *rest = astuple(entry)
    return [partition, *(operator or (None, None)), *rest]


def workload_document(operators: Workload, placed: Mapping[str, tuple[Workload, float | None]]) -> dict[str, Any]:
    """Return a network's workloads as plain data: the demands of operators once, and their units on each target."""
    return {
        "operators": [[*operator.placement.id, *astuple(operator.demand)] for operator in operators.operators],
        "placed": {
            target: {
                "units": [
                    [operator.placement.unit.value, operator.placement.partition] for operator in workload.operators
                ],
                "partitions": [[index, *astuple(traffic)] for index, traffic in workload.partitions.items()],
                "passes": [_pass_row(entry) for entry in workload.passes],
                "compiler_ms": estimate,
            }
            for target, (workload, estimate) in placed.items()
        },
    }


def networks() -> tuple[str, ...]:
    """Return the networks that have measurements, each once, in row order."""
    return tuple(_unique(row.network for row in measured_rows() if row.network))


def _unique(names: Iterable[str]) -> Iterator[str]:
    yield from dict.fromkeys(names)
