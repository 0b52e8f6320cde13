"""A probe made by hand: every kind of finding once, with answers that follow from its limits."""

from __future__ import annotations

from npufit.probing import ProbeResult
from npufit.probing.asking import Answer, End
from npufit.probing.questions import Point, space_of
from npufit.probing.searching import Asked, GroupFindings, OperatorFindings, Reach
from npufit.stacks import Unit
from npufit.stacks.probed import (
    Beyond,
    Condition,
    Confidence,
    Crash,
    GroupLimit,
    Kept,
    Limit,
    Probed,
    ProbedRules,
    Relation,
    Scope,
    Separator,
    Value,
)

_PRODUCT = Limit("CONV_2D", "w*c", Relation.AT_MOST, 16384, 31, next_refused=16385, confidence=Confidence.CONFIRMED)
_STRIDE = Limit(
    *("CONV_2D", "stride_h", Relation.AT_MOST, 3, 12), next_refused=4,
    when=(Condition("padding", Relation.ONE_OF, accepted=("SAME",)),), confidence=Confidence.CONFIRMED,
)  # fmt: skip
_BYTES = Limit(
    *("CONV_2D", "ifm_bytes", Relation.AT_MOST, 4194304, 9), next_refused=4194305,
    beyond=Beyond.CRASH, confidence=Confidence.AMBIGUOUS, alternatives=("h*w*c", "tensor_bytes"),
)  # fmt: skip


def _types(operator: str) -> Limit:
    return Limit(
        *(operator, "dtype", Relation.ONE_OF, None, 4), accepted=("int8", "uint8"), refused=("float32", "int16"),
        confidence=Confidence.CONFIRMED,
    )  # fmt: skip


def _asked(values: dict[str, Value], accepted: bool, end: End = End.FINE) -> Asked:
    units = (Unit.NPU if accepted else Unit.CPU,) if end is End.FINE else ()
    return Asked(Point("CONV_2D", tuple(values.items())), Answer(end, units), accepted)


def _conv(**values: Value) -> dict[str, Value]:
    return {**space_of("CONV_2D").base, "h": 8, "w": 8, "c": 8, "ofm_c": 1, "kh": 1, "kw": 1, **values}


def _answers() -> tuple[Asked, ...]:
    sizes = [2**power for power in range(4, 13)]
    grid = [_conv(w=w, c=c) for w in sizes for c in sizes if w * c <= 65536]
    strides = [_conv(stride_h=stride, padding=padding) for stride in (1, 2, 3, 4, 8) for padding in ("SAME", "VALID")]
    edges = [_conv(w=128, c=128), _conv(w=5, c=3277), _conv(w=1, c=16384), _conv(w=16385, c=1)]
    answers = [_asked(values, _is_taken(values)) for values in (*grid, *strides, *edges)]
    return (*answers, _asked(_conv(h=4096, w=1024, c=2), False, End.CRASH))


def _is_taken(values: dict[str, Value]) -> bool:
    fits = int(values["w"]) * int(values["c"]) <= 16384
    return fits and (int(values["stride_h"]) <= 3 or values["padding"] != "SAME")


_CRASH = Crash("ADD", Beyond.CRASH, (("h", 37), ("w", 8), ("dtype", "int8")), "Segmentation fault\x1b[31m")

MADE = ProbeResult(
    rules=ProbedRules(
        name="a closed | tool",
        target="",
        tool="closed-converter",
        version="1.2",
        identity=("abc",),
        questions=1043,
        seed=7,
        made_by="0.1.0",
        operators=(Probed("CONV_2D", True, 140), Probed("ADD", True, 60), Probed("EXP", False, 12)),
        limits=(_types("CONV_2D"), _types("ADD"), _PRODUCT, _STRIDE, _BYTES),
        groups=(
            GroupLimit(
                Scope.GRAPH, "activation_bytes", 8388608, 8388609, Kept.SUFFIX, 44, confidence=Confidence.CONFIRMED
            ),
        ),
        separators=(Separator("PAD", Kept.SUFFIX, 6),),
        crashes=(_CRASH,),
    ),
    operators=(
        OperatorFindings(
            operator="CONV_2D",
            is_taken=True,
            limits=(_types("CONV_2D"), _PRODUCT, _STRIDE, _BYTES),
            crashes=(),
            reaches=(Reach("h", (1, 2, 4, 8, 4096), ()), Reach("dtype", ("int8", "uint8"), ("float32", "int16"))),
            asked=_answers(),
        ),
        OperatorFindings(
            operator="ADD",
            is_taken=True,
            limits=(_types("ADD"),),
            crashes=(_CRASH,),
            reaches=(),
            asked=(),
            unexplained=("c 24 is refused, and 16 and 32 are not",),
            is_complete=False,
        ),
        OperatorFindings("EXP", False, (), (), (), ()),
    ),
    groups=GroupFindings(
        limits=(),
        separators=(),
        crashes=(),
        asked=(),
        statements=("It decides over the whole graph: more than 8388608 bytes of activations leave only a suffix",),
    ),
    questions=1043,
    kept=812,
    ended_by="the budget of 1043 questions",
)
