"""Placement by the real Vela: small models of each shape that matters."""

from __future__ import annotations

import pytest

from networks.chains import chain, subgraph_of, tensor, with_call
from npufit.errors import InputError, ModelError, ToolError
from npufit.graph import Buffer, ElementType, Model, Operator, OtherOptions, SplitOptions, Subgraph, Tensor
from npufit.stacks.placement import MemoryUse, Placement, Status
from npufit.stacks.rule import Evidence
from npufit.stacks.vela.placing import FOLDED, UNUSED
from stacks.vela.on_vela import on_cpu, place, units


def rules(placement: Placement) -> dict[int, str]:
    """Return the rule of every operator on the CPU by index."""
    return {index: placed.finding.rule.id for index, placed in on_cpu(placement).items() if placed.finding}


def test_everything_on_the_npu() -> None:
    placement = place(chain("RELU", "ABS"))
    assert placement.status is Status.COMPLETE
    assert units(placement) == ["npu", "npu"]
    assert {operator.evidence for operator in placement.operators} == {Evidence.EXECUTED}
    (partition,) = placement.partitions
    assert (partition.operators, partition.inputs, partition.outputs) == ((0, 1), (0,), (2,))
    assert (partition.traffic.input_bytes, partition.traffic.output_bytes) == (1024, 1024)
    assert placement.differences == ()


def test_an_operator_on_the_cpu_divides_the_partitions() -> None:
    placement = place(chain("RELU", "SQUARE", "ABS"))
    assert units(placement) == ["npu", "cpu", "npu"]
    assert [operator.partition for operator in placement.operators] == [0, None, 1]
    assert [(part.operators, part.inputs, part.outputs) for part in placement.partitions] == [
        ((0,), (0,), (1,)),
        ((2,), (2,), (3,)),
    ]


def test_the_reason_is_velas_and_names_the_tensor() -> None:
    placement = place(chain("RELU", "ABS", element=ElementType.FLOAT32, prefix="my tensor "))
    assert units(placement) == ["cpu", "cpu"]
    assert placement.partitions == ()
    finding = on_cpu(placement)[0].finding
    assert finding is not None
    assert finding.rule.id == "vela.float"
    assert finding.found == "Operation has tensor with unsupported DataType Float32 (my tensor 0)"
    assert finding.limit == 'Feature-map dataTypes must be one of {"INT16", "INT32", "INT64", "INT8", "UINT8"}'
    assert finding.evidence is Evidence.EXECUTED
    assert finding.remedies


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        (chain("SQUARE"), "vela.unsupported-type"),
        (chain("RELU", element=ElementType.UINT16), "vela.data-type"),
        (chain("RELU", element=ElementType.INT32), "vela.data-type"),
        (
            Model(
                "plain",
                (
                    Subgraph(
                        tuple(Tensor(name, (1, 8, 8, 16), ElementType.INT8) for name in "ab"),
                        (0,),
                        (1,),
                        (Operator("LOGISTIC", (0,), (1,)),),
                    ),
                ),
            ),
            "vela.unquantized",
        ),
    ],
    ids=["type", "uint16", "int32", "no scale"],
)
def test_warnings_are_sorted_into_rules(model: Model, rule: str) -> None:
    assert rules(place(model)) == {0: rule}


def test_names_that_are_missing_or_double_do_not_matter() -> None:
    tensors = (tensor("x"), tensor("x"), tensor(""), tensor("x"))
    operators = tuple(Operator(kind, (index,), (index + 1,)) for index, kind in enumerate(("RELU", "SQUARE", "ABS")))
    placement = place(Model("names", (Subgraph(tensors, (0,), (3,), operators),)))
    assert units(placement) == ["npu", "cpu", "npu"]
    assert placement.partitions[1].inputs == (2,)


def test_an_unused_operator_is_dropped() -> None:
    tensors = (tensor("in"), tensor("out"), tensor("unused"))
    operators = (Operator("RELU", (0,), (1,)), Operator("ABS", (0,), (2,)))
    placement = place(Model("unused", (Subgraph(tensors, (0,), (1,), operators),)))
    assert [operator.note for operator in placement.operators] == ["", UNUSED]
    assert placement.partitions[0].operators == (0,)


def test_a_shape_chain_is_folded_although_vela_warns_of_it() -> None:
    tensors = (tensor("in"), Tensor("shape", (4,), ElementType.INT32), tensor("out"))
    operators = (Operator("SHAPE", (0,), (1,)), Operator("RESHAPE", (0, 1), (2,)))
    placement = place(Model("shape", (Subgraph(tensors, (0,), (2,), operators),)))
    shape = placement.operators[0]
    assert (shape.unit, shape.partition) == ("npu", None)
    assert shape.note == f"{FOLDED} (Vela warned about it: Unsupported opType)"
    assert placement.differences == ()


def test_operators_without_outputs_stay_and_are_found() -> None:
    def variable(index: int) -> Tensor:
        return Tensor(f"variable {index}", (), ElementType.RESOURCE)

    handle = OtherOptions("VarHandleOptions", (("container", b""), ("shared_name", b"state")))
    operators = (
        Operator("VAR_HANDLE", (), (1,), handle),
        Operator("READ_VARIABLE", (1,), (2,)),
        Operator("ADD", (0, 2), (3,)),
        Operator("ASSIGN_VARIABLE", (1, 3), ()),
    )
    tensors = (tensor("in"), variable(0), tensor("read"), tensor("sum"))
    placement = place(Model("state", (Subgraph(tensors, (0,), (3,), operators),)))
    assert units(placement) == ["cpu", "cpu", "npu", "cpu"]
    assert rules(placement)[3] == "vela.unexplained"


def test_operators_of_every_subgraph_are_placed() -> None:
    placement = place(with_call())
    assert [(*operator.id, str(operator.unit)) for operator in placement.operators] == [
        (0, 0, "npu"),
        (0, 1, "cpu"),
        (1, 0, "npu"),
    ]
    assert [(part.index, part.subgraph, part.operators) for part in placement.partitions] == [
        (0, 0, (0,)),
        (1, 1, (0,)),
    ]


def test_independent_subgraphs_are_placed() -> None:
    placement = place(Model("two", (subgraph_of("RELU"), subgraph_of("ABS", "SQUARE"))))
    assert units(placement) == ["npu", "npu", "cpu"]


def test_memory_has_the_limit_of_the_memory_mode() -> None:
    memory = {use.memory: use for use in place(chain("RELU", "SOFTMAX")).memory}
    assert memory["DRAM"].limit_bytes is None
    sram = memory["SRAM"]
    assert isinstance(sram, MemoryUse)
    assert 0 < sram.used_bytes < (sram.limit_bytes or 0) == 384 * 1024


def test_a_model_that_vela_refuses_is_the_users_error() -> None:
    axis = Tensor("axis", (), ElementType.INT32, buffer=Buffer((9).to_bytes(4, "little")))
    half = (1, 8, 8, 8)
    tensors = (axis, tensor("in"), tensor("first", half), tensor("second", half))
    operator = Operator("SPLIT", (0, 1), (2, 3), SplitOptions(num_splits=2))
    with pytest.raises(
        ModelError, match=r"^split: subgraph 0, operator 0 \(SPLIT\): Vela refuses the model: .*'first'"
    ):
        place(Model("split", (Subgraph(tensors, (1,), (2, 3), (operator,)),)))


def test_a_model_that_vela_cannot_read_is_the_users_error() -> None:
    tensors = (tensor("in"), tensor("out"))
    without_options = Subgraph(tensors, (0,), (1,), (Operator("SOFTMAX", (0,), (1,)),))
    with pytest.raises(InputError, match=r"^softmax: Vela refuses the model: "):
        place(Model("softmax", (without_options,)))


def test_a_model_that_breaks_vela_is_told_without_a_traceback() -> None:
    with pytest.raises(ToolError, match=r"^chain: Vela gave up on an operation that it had inserted itself") as caught:
        place(chain("LOGICAL_NOT", element=ElementType.BOOL))
    assert "Traceback" not in str(caught.value)
