"""Groups of operators: their boundary, what they reach, and a model of them alone."""

from __future__ import annotations

from dataclasses import replace

from networks.one_operator import activation, as_model, zeros
from npufit.graph import (
    Boundary,
    Operator,
    Subgraph,
    boundary,
    cut_out,
    needed_operators,
    operators_after,
    operators_before,
    validate,
    wire,
    written_by,
)

DIAMOND = Subgraph(
    (*(replace(activation(1, 4), name=f"t{index}") for index in range(6)), zeros(4, 4)),
    (0,),
    (4,),
    (
        Operator("RELU", (0,), (1,)),
        Operator("FULLY_CONNECTED", (1, 6, -1), (2,)),
        Operator("TANH", (1,), (3,)),
        Operator("ADD", (2, 3), (4,)),
        Operator("LOGISTIC", (3,), (5,)),
    ),
)
"""Operator 0 feeds 1 and 2, which 3 adds up; nobody reads what 4 writes. Tensor 6 holds weights."""


def test_the_boundary_has_what_others_write_and_what_others_read() -> None:
    assert boundary(DIAMOND, [1, 2]) == Boundary((1,), (2, 3))
    assert boundary(DIAMOND, [0, 1]) == Boundary((0,), (1, 2))
    assert boundary(DIAMOND, [1, 3]) == Boundary((1, 3), (4,))
    assert boundary(DIAMOND, [0, 1, 2, 3, 4], wire(DIAMOND)) == Boundary((0,), (4,))
    assert boundary(DIAMOND, []) == Boundary((), ())


def test_a_group_reaches_what_reads_its_results_through_others() -> None:
    assert operators_after(DIAMOND, {0}) == {1, 2, 3, 4}
    assert operators_after(DIAMOND, {2, 3}) == {4}
    assert operators_before(DIAMOND, {3}) == {0, 1, 2}
    assert operators_before(DIAMOND, {0, 4}) == {2}


def test_operators_are_needed_for_outputs_and_for_effects() -> None:
    assert needed_operators(DIAMOND.operators, DIAMOND.outputs) == {0, 1, 2, 3}
    shuffled = tuple(reversed(DIAMOND.operators))
    assert needed_operators(shuffled, DIAMOND.outputs) == {1, 2, 3, 4}, "the order does not matter"
    silent = replace(DIAMOND.operators[4], outputs=())
    branching = replace(DIAMOND.operators[4], type="IF")
    for operator in (silent, branching):
        assert 4 in needed_operators((*DIAMOND.operators[:4], operator), DIAMOND.outputs)


def test_a_group_is_a_model_of_its_own() -> None:
    model = as_model(DIAMOND)
    part = cut_out(model, [1, 2], written_by(DIAMOND, [1, 2]))
    validate(part)
    assert (part.main.inputs, part.main.outputs) == ((1,), (2, 3))
    assert [operator.type for operator in part.main.operators] == ["FULLY_CONNECTED", "TANH"]
    assert part.main.tensors[6] is DIAMOND.tensors[6], "tensors keep their indices"
    assert part.main.tensors[4].name == "", "what the group does not touch is gone"
    assert part.name == "tiny, FULLY_CONNECTED to TANH"


def test_variables_of_a_group_do_not_come_from_outside() -> None:
    tensors = (replace(DIAMOND.tensors[0], is_variable=True), *DIAMOND.tensors[1:])
    part = cut_out(as_model(replace(DIAMOND, tensors=tensors)), [0], (1,))
    assert part.main.inputs == ()
