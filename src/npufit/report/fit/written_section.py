"""The files that a fit wrote, or why it wrote none."""

from __future__ import annotations

from npufit.cutting import SavedFit
from npufit.execution import GOLDEN
from npufit.formatting import plural, printable, size
from npufit.report.terminal_page import Page, columns


def part_lines(saved: SavedFit, page: Page) -> list[str]:
    """Return the files of a cut; no lines without one."""
    if saved.cut is None:
        return []
    graph = saved.cut.model.main
    rows = [["file", "unit", "operators", "in", "out"]]
    for part in saved.cut.parts:
        sides = (sum(graph.tensors[index].size_bytes for index in group) for group in (part.inputs, part.outputs))
        cells = [
            f"{plural(len(group), 'tensor')}, {size(count)}"
            for group, count in zip((part.inputs, part.outputs), sides, strict=True)
        ]
        rows.append([part.file, part.unit.upper(), str(len(part.operators)), *cells])
    head, *lines = columns(rows, right=(2,))
    proof = saved.cut.proof
    said = ["Not proven: --no-prove."]
    if proof is not None:
        compared = f"Run in sequence in {GOLDEN} on {plural(proof.inputs, 'input')}"
        same = "every output equals that of the whole model, byte for byte"
        said = [f"{compared}: {proof.difference or same}."]
    return [
        "",
        page.ink("bold", f"Cut into {len(saved.cut.parts)} files"),
        page.ink("dim", f"  {head}"),
        *(f"  {line}" for line in lines),
        *(line for sentence in said for line in page.wrap(sentence, "  ")),
    ]


def file_lines(saved: SavedFit, page: Page) -> list[str]:
    """Return which files were written, or why none was."""
    if saved.output is None:
        said = [f"Nothing was written: {saved.why_not}."]
    else:
        said = [f"Written: {printable(str(saved.output))}"]
    if saved.recipe is not None:
        said.append(f"Recipe: {printable(str(saved.recipe))}")
    return ["", *(line for sentence in said for line in page.wrap(sentence, hanging="  "))]
