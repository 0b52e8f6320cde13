"""Invariants of models that are built here, not read. (What files can break is in tests/tflite/test_bad_files.py.)"""

from __future__ import annotations

from dataclasses import replace

import pytest

from networks.one_operator import activation, as_model, constant, single
from npufit.errors import ModelError
from npufit.graph import Buffer, ElementType, Model, Operator, OtherOptions, Subgraph, Tensor, validate


def _calling(*tables: tuple[OtherOptions, ...]) -> Model:
    """Return a model whose subgraph n has one operator for each options table of entry n."""
    subgraphs = tuple(
        Subgraph((), (), (), tuple(Operator("WHILE", (), (), table) for table in entry)) for entry in tables
    )
    return Model("tiny", subgraphs)


def _loop(condition: int, body: int) -> OtherOptions:
    return OtherOptions("WhileOptions", (("cond_subgraph_index", condition), ("body_subgraph_index", body)))


def test_a_sound_model_passes() -> None:
    validate(as_model(single("ADD", [activation(4), constant([1, 2, 3, 4])], [activation(4)])))


def test_subgraphs_may_call_the_same_subgraph() -> None:
    validate(_calling((_loop(1, 2), _loop(1, 2)), (), (_loop(1, 3),), ()))


@pytest.mark.parametrize("callee", [0, 1, 2])
def test_calls_in_a_circle_are_refused(callee: int) -> None:
    case = OtherOptions("StablehloCaseOptions", (("branch_subgraph_indices", (3, callee)),))
    with pytest.raises(ModelError, match="a cycle of calls: subgraph"):
        validate(_calling((_loop(3, 1),), (_loop(3, 2),), (case,), ()))


def test_many_nested_calls_are_no_problem() -> None:
    depth = 5000
    chain = [(_loop(number + 1, number + 1),) for number in range(depth)]
    validate(_calling(*chain, ()))
    with pytest.raises(ModelError, match="a cycle of calls") as caught:
        validate(_calling(*chain, (_loop(0, 0),)))
    assert len(str(caught.value)) < 1000


def test_zero_elements_are_not_absurd() -> None:
    validate(as_model(single("RELU", [activation(0, 1 << 30, 1 << 30)], [activation(0)])))


@pytest.mark.parametrize(("size", "is_sound"), [(15, False), (16, True), (17, False)])
def test_constants_have_the_size_of_their_shape(size: int, is_sound: bool) -> None:
    odd = Tensor("odd", (2, 2), ElementType.FLOAT32, buffer=Buffer(bytes(size)))
    model = as_model(single("ADD", [activation(2, 2), odd], [activation(2, 2)]))
    if is_sound:
        validate(model)
    else:
        with pytest.raises(ModelError, match=rf"tensor 1 'odd': the constant has {size} bytes.* need 16"):
            validate(model)


def test_a_variable_may_be_read_and_nothing_need_write_it() -> None:
    state = replace(activation(4), is_variable=True)
    validate(as_model(single("ASSIGN", [activation(4), state], [activation(4)])))


def _writers_of_one_tensor(*names: str) -> Model:
    operators = tuple(Operator("CUSTOM" if name.islower() else name, (0,), (1,), custom_code=name) for name in names)
    return as_model(Subgraph((activation(4), activation(4)), (0,), (1,), operators))


def test_calls_of_an_npu_may_write_parts_of_one_tensor() -> None:
    validate(_writers_of_one_tensor("ethos-u", "ethos-u", "ethos-u"))


@pytest.mark.parametrize("names", [("RELU", "RELU"), ("ethos-u", "RELU"), ("RELU", "ethos-u"), ("other", "other")])
def test_for_every_other_operator_a_second_writer_is_damage(names: tuple[str, str]) -> None:
    with pytest.raises(ModelError, match="writes a tensor that operator 0 also writes"):
        validate(_writers_of_one_tensor(*names))


def test_a_shared_tensor_may_be_read_after_its_first_part_and_not_before() -> None:
    call, reader = Operator("CUSTOM", (0,), (1,), custom_code="ethos-u"), Operator("RELU", (1,), (2,))
    tensors = (activation(4),) * 3
    validate(as_model(Subgraph(tensors, (0,), (1, 2), (call, reader, call))))
    with pytest.raises(ModelError, match="only operator 1 writes"):
        validate(as_model(Subgraph(tensors, (0,), (1, 2), (reader, call, call))))
