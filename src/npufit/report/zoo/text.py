"""The built-in networks for people."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.graph import Model
from npufit.report.model_line import describe_model
from npufit.report.terminal_page import Page
from npufit.report.zoo.document import options_of
from npufit.zoo import LARGEST_SIZE, Precision, ZooEntry


def networks_text(networks: Sequence[ZooEntry], page: Page) -> str:
    """Return the list of networks with the choices for each."""
    lines: list[str] = []
    for entry in networks:
        lines += [f"{page.ink('cyan', f'zoo:{entry.name}')}  {entry.summary}"]
        lines += page.labelled("size", _sizes(entry), "  ")
        lines += page.labelled("options", ", ".join(options_of(entry)) or "none", "  ")
        lines += page.labelled("after", entry.origin, "  ")
    lines += [
        "",
        *page.wrap(
            f"QUANT is one of {', '.join(precision.value for precision in Precision)} (default int8: per-channel "
            "weights, float inputs and outputs; io=int8 omits the conversions at the ends)."
        ),
        *page.wrap(
            "Write NAME[@SIZE][,QUANT][,OPTION=VALUE], such as zoo:mobilenet_v2@320,int8,pad=folded. SIZE is the side "
            "of a square, or height and width as in 288x800."
        ),
    ]
    return "\n".join(lines)


def network_text(model: Model, page: Page) -> str:
    """Return one line about a network."""
    return describe_model(model)


def _sizes(entry: ZooEntry) -> str:
    if entry.fixed_shape:
        return f"always {'x'.join(map(str, (1, *entry.fixed_shape)))}"
    step = f" in steps of {entry.size_step}" if entry.size_step > 1 else ""
    return f"{entry.smallest_size} to {LARGEST_SIZE}{step}, usually {entry.usual_size}"
