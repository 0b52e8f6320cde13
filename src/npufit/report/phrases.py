"""How results are put into words: the same phrases in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from npufit.checking import CheckResult
from npufit.formatting import percent, plural, printable, quantity
from npufit.graph import NO_TENSOR, Model, Operator, Subgraph, Tensor, Wiring, count_macs, wire
from npufit.report import time_phrases
from npufit.stacks import Effect, Hazard, OperatorPlacement, Remedy, RemedyKind, Rule, Stage, Status, Unit

_STAGES = {
    Stage.FRONTEND_UNMAPPED: "{delegate} does not map it",
    Stage.FRONTEND_CHECK: "{delegate} refuses it",
    Stage.DRIVER_CHECK: "the driver refuses it",
    Stage.COMPILER: "the compiler leaves it there",
    Stage.EXECUTION: "executed differently",
    Stage.UNDECIDED: "nobody outside the vendor knows",
}
_DELEGATES = {"teflon": "Teflon", "vx": "the VX delegate"}
"""What the delegates are called whose refusals are rules."""

_UNPACKING = ("DEQUANTIZE", "DENSIFY")
"""Operator types that turn stored weights into those that a convolution reads."""

_EFFECTS = {
    Effect.CRASH: ("crashes the process", "crash the process"),
    Effect.FAILS: ("makes the inference fail", "make the inference fail"),
}
"""What hazards do besides giving a wrong answer, said of one and of several."""

_EFFECT_WORDS = {
    Effect.CRASH: ("the process crashes", "the process may crash"),
    Effect.FAILS: ("the inference fails with an error", "the inference may fail with an error"),
    Effect.WRONG: ("the answer is or may be wrong", "the answer is or may be wrong"),
}
"""What comes of hazards, where it is certain and where it is not."""


def headline(result: CheckResult) -> str:
    """Return the answer in one line: what runs where, in how many partitions, how fast, what is dangerous.

    That the process crashes, or that the NPU makes it slower, comes first: it is what nobody expects.
    """
    summary = result.summary
    if result.placement.status is Status.UNAVAILABLE:
        notes = result.placement.notes
        slower, predicted = time_phrases.reversal_words(result), time_phrases.prediction_clause(result)
        said = notes[0].text if notes else "Not available yet."
        after = f" {predicted[0].upper()}{predicted[1:]}." if predicted else ""
        return f"{result.name}: {f'{slower}. ' if slower else ''}{said}{after}"
    total = plural(summary.operators, "operator")
    parts: list[str] = []
    if summary.unknown and not summary.npu:
        parts.append(f"where {summary.unknown} of {total} run is unknown{_what(result, Unit.UNKNOWN)}")
    else:
        where = f" in {plural(summary.partitions, 'partition')}" if summary.partitions else ""
        parts.append(f"{summary.npu} of {total} on the NPU{where}{macs_share(result)}")
        if summary.unknown:
            parts.append(f"{summary.unknown} unknown{_what(result, Unit.UNKNOWN)}")
    if summary.cpu:
        parts.append(f"{summary.cpu} on the CPU{_what(result, Unit.CPU)}")
    by_effect = hazards_by_effect(result.placement.hazards)
    slower = time_phrases.reversal_words(result)
    crashes = by_effect.pop(Effect.CRASH, None)
    first = f"{_hazards_in_words(Effect.CRASH, crashes)}; but for that, " if crashes else ""
    line = f"{result.name}: {first}{f'{slower}; ' if slower else ''}{', '.join(parts)}"
    if summary.unknown and result.placement.log_totals:
        line += f"; the log says {result.placement.log_totals}"
    predicted = time_phrases.prediction_clause(result)
    line += f"; {predicted}" if predicted else ""
    for effect, hazards in by_effect.items():
        line += f"; {_hazards_in_words(effect, hazards)}"
    if not summary.hazards and summary.npu and not summary.unknown:
        line += "; no known hazard"
    return line


def _hazards_in_words(effect: Effect, hazards: Sequence[Hazard]) -> str:
    """Return hazards of one effect, such as `4 hazards (3 H2, H5)` or `1 hazard that crashes the process (H18)`."""
    rules = hazard_counts(hazards)
    which = hazards[0].rule.id if len(rules) == 1 else ", ".join(rules)
    clause = ""
    if effect in _EFFECTS:
        certain = any(hazard.certain for hazard in hazards)
        clause = f" that {_EFFECTS[effect][len(hazards) > 1] if certain else f'may {_EFFECTS[effect][1]}'}"
    return f"{plural(len(hazards), 'hazard')}{clause} ({which})"


def effect_words(effect: Effect, hazards: Iterable[Hazard]) -> str:
    """Return what comes of hazards of one effect, such as `the process crashes`."""
    return _EFFECT_WORDS[effect][not any(hazard.certain for hazard in hazards)]


def hazards_by_effect(hazards: Iterable[Hazard]) -> dict[Effect, list[Hazard]]:
    """Return hazards by what they do, the worst first."""
    groups: dict[Effect, list[Hazard]] = {}
    for hazard in sorted(hazards, key=lambda hazard: hazard.effect.severity):
        groups.setdefault(hazard.effect, []).append(hazard)
    return groups


def macs_share(result: CheckResult) -> str:
    """Return ` (97.2 % of the MACs)`, empty where the share is unknown or there are none."""
    share = result.summary.npu_macs_share
    return "" if share is None else f" ({percent(share)} of the MACs)"


def _what(result: CheckResult, unit: Unit) -> str:
    placed = result.on(unit)
    counts = Counter(printable(result.operator(operator).name)[:60] for operator in placed)
    names = [name if count == 1 else f"{count} {name}" for name, count in counts.most_common()]
    if len(names) > 5:
        names = [*names[:4], f"{len(names) - 4} more types"]
    stages = {operator.finding.rule.stage for operator in placed if operator.finding is not None}
    reason = ""
    if len(stages) == 1 and all(operator.finding is not None for operator in placed):
        delegate = _DELEGATES.get(result.target.stack, "the delegate")
        reason = f": {_STAGES[next(iter(stages))].format(delegate=delegate)}"
    return f" ({', '.join(names)}{reason})"


def hazard_counts(hazards: Iterable[Hazard]) -> list[str]:
    """Return the hazards by rule, such as `H1` or `4 H2`."""
    counts = Counter(hazard.rule.id for hazard in hazards)
    return [rule if count == 1 else f"{count} {rule}" for rule, count in counts.items()]


def hazard_cell(hazards: Iterable[Hazard]) -> str:
    """Return the hazards for a cell of a table, such as `crash: H18; wrong: 4 H2`; `-` where there are none."""
    groups = hazards_by_effect(hazards)
    if set(groups) <= {Effect.WRONG}:
        return ", ".join(hazard_counts(groups.get(Effect.WRONG, ()))) or "-"
    return "; ".join(f"{effect}: {', '.join(hazard_counts(found))}" for effect, found in groups.items())


def macs_cell(macs: int | None) -> str:
    """Return multiply-accumulates as a cell of a table: empty for none, a word where they are unknown."""
    return "unknown" if macs is None else quantity(macs).strip() if macs else ""


def describe_model(model: Model) -> str:
    """Return one line about the model: name, size, quantization."""
    operators = sum(len(subgraph.operators) for subgraph in model.subgraphs)
    parts = [printable(model.name), plural(operators, "operator")]
    if len(model.subgraphs) > 1:
        parts.append(f"{len(model.subgraphs)} subgraphs")
    parts.append(_macs(model))
    parts.append(describe_quantization(model))
    return ", ".join(parts)


def _macs(model: Model) -> str:
    """Return the multiply-accumulates of `model`; a size that is only known at run time counts as the file has it."""
    counts = [count_macs(subgraph, operator) for subgraph in model.subgraphs for operator in subgraph.operators]
    unknown = counts.count(None)
    total = sum(count or 0 for count in counts)
    if not total:
        return f"MACs unknown ({plural(unknown, 'operator')})" if unknown else "no MACs"
    found = f"{quantity(total).strip()} MACs"
    inputs = (model.main.tensors[index] for index in model.main.inputs)
    if any(size < 0 for tensor in inputs for size in (tensor.shape_signature or ())[1:]):
        found += " at the shapes of the file"
    return f"{found} plus an unknown number in {plural(unknown, 'operator')}" if unknown else found


def describe_quantization(model: Model) -> str:
    """Return how the weights are stored, such as `weights int8 per channel`."""
    kinds: Counter[str] = Counter()
    for subgraph in model.subgraphs:
        wiring = wire(subgraph)
        for operator in subgraph.operators:
            if operator.type not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"):
                continue
            weights = _stored(subgraph, wiring, operator.input(1))
            if weights is None:
                continue
            manner = " per channel" if weights.quantization.is_per_channel else " per tensor"
            kinds[f"{weights.element}{manner if weights.quantization.scales else ''}"] += 1
    if not kinds:
        return "no weights"
    if len(kinds) == 1:
        return f"weights {next(iter(kinds))}"
    return "weights " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def _stored(subgraph: Subgraph, wiring: Wiring, index: int) -> Tensor | None:
    """Return the constant that the tensor `index` holds or is unpacked from (float16, sparse), None for others."""
    for _ in range(len(_UNPACKING) + 1):
        if index == NO_TENSOR:
            return None
        if subgraph.tensors[index].is_constant:
            return subgraph.tensors[index]
        producer = wiring.producer[index]
        if producer is None or subgraph.operators[producer].type not in _UNPACKING:
            return None
        index = subgraph.operators[producer].input(0)
    return None


def effects_words(effects: Sequence[Effect]) -> str:
    """Return what a rule's hazards do, such as `crash: the process crashes; wrong: the answer is or may be wrong`."""
    return "; ".join(f"{effect}: {_EFFECT_WORDS[effect][0]}" for effect in effects)


def remedy_words(remedy: Remedy) -> str:
    """Return a remedy with its kind in front."""
    if remedy.kind is RemedyKind.NONE:
        return "none known"
    target = f" (-t {remedy.target})" if remedy.target else ""
    return f"{remedy.kind}: {remedy.text}{target}"


def group_by_rule(operators: Iterable[OperatorPlacement]) -> list[tuple[Rule | None, list[OperatorPlacement]]]:
    """Return operators grouped by the rule of their finding, the largest group first; None holds the unexplained."""
    groups: dict[str, tuple[Rule | None, list[OperatorPlacement]]] = {}
    for placed in operators:
        rule = placed.finding.rule if placed.finding else None
        groups.setdefault(rule.id if rule else "", (rule, []))[1].append(placed)
    return sorted(groups.values(), key=lambda group: -len(group[1]))


def cutters(result: CheckResult) -> Counter[str]:
    """Return the operators that stand between partitions, by type.

    They are off the NPU, and data from the NPU goes through them and back to the NPU.
    """
    counts: Counter[str] = Counter()
    unit = {(placed.subgraph, placed.index): placed.unit for placed in result.placement.operators}
    for number, subgraph in enumerate(result.model.subgraphs):
        operators = list(enumerate(subgraph.operators))
        behind = _reached(unit, number, operators, forward=True)
        before = _reached(unit, number, operators[::-1], forward=False)
        counts.update(printable(subgraph.operators[index].name)[:60] for index in behind & before)
    return counts


def _reached(
    unit: dict[tuple[int, int], Unit], number: int, operators: Sequence[tuple[int, Operator]], *, forward: bool
) -> set[int]:
    """Return the operators off the NPU that data from (forward) or for (backward) the NPU goes through."""
    tensors: set[int] = set()
    reached: set[int] = set()
    for index, operator in operators:
        taken, given = (operator.inputs, operator.outputs) if forward else (operator.outputs, operator.inputs)
        on_npu = unit.get((number, index)) is Unit.NPU
        through = not tensors.isdisjoint(taken)
        if through and not on_npu:
            reached.add(index)
        if on_npu or through:
            tensors.update(tensor for tensor in given if tensor != NO_TENSOR)
    return reached
