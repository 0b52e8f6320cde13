"""The result of a run for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from npufit.execution import GOLDEN, Comparison, Origin, Score, TensorComparison, describe
from npufit.formatting import percent, plural, ranges, shorten
from npufit.graph import operators_after
from npufit.report.terminal_page import Page, columns
from npufit.running import RunResult

_ROWS = 12
_FINDINGS = 6
_NAME_WIDTH = 44
_PARTITIONS = 8


def run_text(result: RunResult, page: Page, *, everything: bool = False) -> str:
    """Return the report on a run: the answer first; `everything` lists each tensor and finding."""
    lines = _headline(result, page)
    if result.refusal is not None:
        return "\n".join(lines)
    lines.append(page.ink("dim", _seconds(result)))
    lines += [line for text in (*_library(result), *_parting(result)) for line in page.wrap(text, hanging="  ")]
    lines += [line for text in _left_out(result) for line in page.wrap(text, hanging="  ")]
    lines += [line for note in result.notes for line in page.wrap(f"note: {shorten(note, 300)}", hanging="  ")]
    lines += _findings(result, page, everything)
    lines += _scores(result.scores, page)
    if not result.scores:
        lines += _outputs(result, page)
    if result.comparison is not None:
        lines += _table(result, result.comparison, page, everything)
    return "\n".join(lines)


def headline(result: RunResult) -> str:
    """Return the answer in one line: whether the tensors are equal, or what was run."""
    comparison = result.comparison
    if result.refusal is not None:
        return f"stopped: {result.refusal}"
    if comparison is None:
        if result.not_compared is not None:
            return f"ran on {result.place}, not compared: {result.not_compared}"
        calls = f", {plural(result.partitions, 'NPU call')}" if result.partitions and result.library is None else ""
        return (
            f"ran {shorten(result.model.name)} on {result.place}{calls}{_nothing_on_npu(result)}{_not_executed(result)}"
        )
    total = len(comparison.tensors)
    first = comparison.first_difference
    if first is None:
        within = f" within {comparison.tolerance:g}" if comparison.tolerance else ""
        if not total:
            return f"nothing to compare: {result.place} and {comparison.golden} have no tensor in common"
        return (
            f"equal{within}: {total} of {total} tensors on {result.place} match "
            f"{comparison.golden}{_nothing_on_npu(result)}{_not_executed(result)}"
        )
    differing = sum(not tensor.is_equal for tensor in comparison.tensors)
    return (
        f"first difference at operator {first.operator} ({_type(result, first)}): {_difference(result, first)}; "
        f"{differing} of {plural(total, 'tensor')} on {result.place} differ from "
        f"{comparison.golden}{_not_executed(result)}"
    )


def _not_executed(result: RunResult) -> str:
    return f"; {plural(len(result.left_out), 'operator')} not executed" if result.left_out else ""


def _left_out(result: RunResult) -> Iterator[str]:
    """Yield what was not executed, and what that means for later operators."""
    causes = describe(result.left_out)
    if not causes:
        return
    yield f"not executed: {causes}"
    later = len(operators_after(result.model.main, [entry.operator for entry in result.left_out if entry.is_cause]))
    lacking = sum(not entry.is_cause for entry in result.left_out)
    if lacking:
        yield f"also not executed: {plural(lacking, 'operator')} that would read the results"
    if later - lacking:
        yield (
            f"{plural(later - lacking, 'later operator')} got the target's own values there, or made-up ones if it "
            "has none: the same on both sides"
        )


def _nothing_on_npu(result: RunResult) -> str:
    """Return a warning if the target's NPU had nothing to do, because equality then proves nothing."""
    return "; no operator runs on the NPU" if not result.partitions and result.place != GOLDEN else ""


def _library(result: RunResult) -> Iterator[str]:
    """Yield what a real library formed, what of it cannot be seen, and where the capture is."""
    library = result.library
    if library is not None and any(library.partitions):
        formed = "; ".join(ranges(partition) for partition in library.partitions[:_PARTITIONS])
        more = len(library.partitions) - _PARTITIONS
        yield f"operators by partition, as the library formed them: {formed}{f'; … {more} more' if more > 0 else ''}"
    if library is not None and library.hidden:
        which = f"{'partition' if len(library.hidden) == 1 else 'partitions'} {ranges(library.hidden)}"
        yield f"note: tensors inside {which} cannot be read: this driver does not place them as that of Mesa 25.3 does"
    if result.captured is not None:
        yield f"captured in {result.captured}: npufit run --capture {result.captured} --model MODEL --compare"


def _parting(result: RunResult) -> Iterator[str]:
    """Yield where the first difference was computed, and what is left of it in the outputs."""
    if result.origin is not None:
        yield f"the first difference {origin_words(result.origin)}"
    comparison = result.comparison
    if comparison is None or comparison.first_difference is None:
        return
    outputs = [tensor for tensor in comparison.tensors if tensor.tensor in result.model.main.outputs]
    if outputs:
        differing = sum(tensor.differing for tensor in outputs)
        yield f"{differing} of {plural(sum(tensor.count for tensor in outputs), 'output value')} differ"


def origin_words(origin: Origin) -> str:
    """Return where in the command streams a tensor was computed, in words that follow `the first difference`."""
    operations = list(origin.operations)
    if not operations:
        return f"left partition {origin.partition}"
    more = f" and {len(operations) - 1} more" if len(operations) > 1 else ""
    return f"was computed by {operations[0]}{more} of call {origin.partition}"


def _headline(result: RunResult, page: Page) -> list[str]:
    comparison = result.comparison
    style = (
        "red"
        if result.refusal is not None
        else "bold"
        if comparison is None
        else "green"
        if comparison.is_equal
        else "red"
    )
    return [page.ink(style, line) for line in page.wrap(headline(result), hanging="  ")]


def _seconds(result: RunResult) -> str:
    seconds = result.seconds
    parts = (
        ("compile", seconds.compile),
        ("load", seconds.load),
        ("first inference", seconds.first),
        ("steady", seconds.steady),
        ("of it the simulator", seconds.simulator or None),
        ("reference", seconds.reference),
    )
    return ", ".join(f"{name} {value:.2f} s" for name, value in parts if value is not None)


def _findings(result: RunResult, page: Page, everything: bool) -> list[str]:
    if not result.findings:
        return []
    lines = ["", page.ink("red", f"The simulator found {plural(len(result.findings), 'fault')} in the command streams")]
    shown = result.findings if everything else result.findings[:_FINDINGS]
    for finding in shown:
        lines += page.wrap(f"call {finding.partition}: {shorten(finding.text, 300)}", "  ", "    ")
    if len(shown) < len(result.findings):
        lines.append(page.ink("dim", f"  … {len(result.findings) - len(shown)} more (--all)"))
    return lines


def _scores(scores: Sequence[Score], page: Page) -> list[str]:
    if not scores:
        return []
    rows = [[f"  {score.score:.4f}", str(score.index), shorten(score.label)] for score in scores]
    return ["", page.ink("bold", f"Top {len(scores)}"), *columns(rows, right=(0, 1))]


def _outputs(result: RunResult, page: Page) -> list[str]:
    rows: list[list[str]] = []
    for index, values in result.outputs.items():
        shape = "x".join(str(size) for size in values.shape) or "scalar"
        spread = f"{values.min():g} to {values.max():g}" if values.size and values.dtype.kind in "biuf" else "-"
        rows.append(
            [f"  {index}", shorten(result.model.main.tensors[index].name, _NAME_WIDTH), shape, str(values.dtype)]
        )
        rows[-1].append(spread)
    return ["", page.ink("bold", "Outputs"), *columns(rows, right=(0,))] if rows else []


def _table(result: RunResult, comparison: Comparison, page: Page, everything: bool) -> list[str]:
    """Return the compared tensors: all, or those around and after the first difference."""
    shown = comparison.tensors if everything else tuple(tensor for tensor in comparison.tensors if not tensor.is_equal)
    rest = 0
    if not everything:
        shown, rest = shown[:_ROWS], len(shown) - len(shown[:_ROWS])
    if not shown:
        return []
    rows = [["operator", "type", "tensor", "differing", "largest", ""]]
    for tensor in shown:
        share = percent(tensor.share) if tensor.differing else "-"
        largest = amount(result, tensor) if tensor.differing else "equal"
        name = f"{tensor.tensor} {shorten(_name(result, tensor), _NAME_WIDTH)}"
        rows.append([str(tensor.operator), _type(result, tensor), name, share, largest, tensor.note])
    head, *lines = columns([row[:-1] for row in rows], right=(0, 3, 4))
    found = ["", page.ink("bold", head)]
    for line, row in zip(lines, rows[1:], strict=True):
        found.append(line)
        if row[-1]:
            found += page.wrap(row[-1], "          ")
    if rest:
        found.append(page.ink("dim", f"… {plural(rest, 'more differing tensor')} (--all)"))
    elif not everything:
        equal = len(comparison.tensors) - len(shown)
        found.append(page.ink("dim", f"{plural(equal, 'other tensor')} equal (--all)"))
    return found


def _type(result: RunResult, compared: TensorComparison) -> str:
    return shorten(result.model.main.operators[compared.operator].name, 40)


def _name(result: RunResult, compared: TensorComparison) -> str:
    return result.model.main.tensors[compared.tensor].name


def amount(result: RunResult, compared: TensorComparison) -> str:
    """Return the largest difference of a tensor: in steps for integers."""
    if result.model.main.tensors[compared.tensor].element.is_float:
        return f"{compared.largest:.3g}"
    return plural(int(compared.largest), "step") if math.isfinite(compared.largest) else "shape or type"


def _difference(result: RunResult, compared: TensorComparison) -> str:
    if not math.isfinite(compared.largest):
        return "shape or type differs"
    return f"{percent(compared.share)} of its values differ, by up to {amount(result, compared)}"
