"""An estimate as plain data, ready for JSON. Its form is `estimate` in `check.schema.json`."""

from __future__ import annotations

import math
from typing import Any

from npufit.cost import Band, Estimate, Measured, MemoryEstimate
from npufit.formatting import clean

_DIGITS = 6


def estimate_document(estimate: Estimate) -> dict[str, Any]:
    """Return `estimate` as plain data; times are milliseconds."""
    return {
        "total_ms": _number(estimate.total_ms),
        "low_ms": _number(estimate.low_ms),
        "high_ms": _number(estimate.high_ms),
        "npu_ms": _number(estimate.npu_ms),
        "cpu_ms": _number(estimate.cpu_ms),
        "overhead_ms": _number(estimate.overhead_ms),
        "cpu_only_ms": _number(estimate.cpu_only_ms),
        "cpu_only_low_ms": _number(estimate.cpu_only_low_ms),
        "cpu_only_high_ms": _number(estimate.cpu_only_high_ms),
        "speed_up": _number(estimate.speed_up),
        "threads": estimate.threads,
        "compiler_ms": _number(estimate.compiler_ms),
        "basis": clean(estimate.basis),
        "assumption": clean(estimate.assumption),
        "band": band_document(estimate.band),
        "cpu_band": band_document(estimate.cpu_band),
        "operators": [
            {
                "subgraph": entry.subgraph,
                "index": entry.index,
                "unit": entry.unit.value,
                "ms": _number(entry.ms),
                "cpu_ms": _number(entry.cpu_ms),
                "bound": entry.bound.value if entry.bound is not None else None,
            }
            for entry in estimate.operators
        ],
        "partitions": [
            {
                "index": cost.index,
                "npu_ms": _number(cost.npu_ms),
                "call_ms": _number(cost.call_ms),
                "copy_ms": _number(cost.copy_ms),
            }
            for cost in estimate.partitions
        ],
        "slower_on_npu": [{"subgraph": subgraph, "index": index} for subgraph, index in estimate.slower_on_npu],
        "measured": [_measured(entry) for entry in estimate.measured],
        "settings": [
            {"name": setting.name, "value": clean(setting.value), "origin": setting.origin}
            for setting in estimate.settings
        ],
        "memory": _memory(estimate.memory),
        "warnings": [clean(warning) for warning in estimate.warnings],
    }


def band_document(band: Band) -> dict[str, Any]:
    """Return what is known of the errors behind a range; `low` and `high` are factors on a prediction."""
    return {
        "low": _number(band.low),
        "high": _number(band.high),
        "coverage": _number(band.coverage),
        "rows": band.rows,
        "networks": band.networks,
        "median_error": _number(band.median_error),
        "origin": clean(band.origin),
        "unsure": [clean(reason) for reason in band.unsure],
    }


def _number(value: float | None) -> float | None:
    """Return `value` with as many digits as it can have; None where it is none, or too large for JSON."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{_DIGITS}g}")


def _measured(entry: Measured) -> dict[str, Any]:
    return {
        "unit": entry.unit.value,
        "stack": clean(entry.stack),
        "version": clean(entry.version),
        "threads": clean(entry.threads),
        "ms": entry.ms,
        "source": clean(entry.source),
        "caution": clean(entry.caution),
    }


def _memory(memory: MemoryEstimate) -> dict[str, Any]:
    return {
        "model_bytes": memory.model_bytes,
        "arena_bytes": memory.arena_bytes,
        "dram_traffic_bytes": memory.dram_traffic_bytes,
        "uses": [
            {
                "memory": use.memory,
                "used_bytes": use.used_bytes,
                "limit_bytes": use.limit_bytes,
                "origin": clean(use.origin),
                "fits": use.limit_bytes is None or use.used_bytes <= use.limit_bytes,
            }
            for use in memory.uses
        ],
    }
