"""Charts for the page: Vega-Lite specifications, made in Python so that a page and a picture show the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from npufit.report.document import Document

Specification = dict[str, Any]
"""A Vega-Lite specification, as JSON has it. Colours are those of `Ink`; a dark page puts its own in their place."""

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


class Ink:
    """The light colours of charts; `web/src/charts/theme.ts` has the dark ones."""

    TEXT = "#16191d"
    MUTED = "#59616c"
    NPU = "#0f6fb0"
    CPU = "#c97a00"
    UNKNOWN = "#7d8590"
    HAZARD = "#b8123f"
    GOOD = "#1c7a46"
    OVERHEAD = "#8a5fb0"
    SOFT = "#eceef0"
    PAPER = "#ffffff"


SERIES_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#332288", "#7d8590")
"""Colours of series, after Okabe and Ito: people with any colour vision can distinguish them. Series also differ by
shape."""
SERIES_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "stroke")


@dataclass(frozen=True, slots=True)
class Chart(Document):
    """One chart; its container has the id `chart-ID`."""

    id: str
    spec: Specification


@dataclass(frozen=True, slots=True)
class ChartsPayload(Document):
    """What the script of the charts reads."""

    charts: tuple[Chart, ...]


def charts_payload(specifications: Mapping[str, Specification]) -> ChartsPayload:
    """Return the data of charts by their ids."""
    return ChartsPayload(tuple(Chart(name, specification) for name, specification in specifications.items()))
