"""How source operators are followed into the converter's file."""

from __future__ import annotations

from npufit.graph import CUSTOM, Buffer, ElementType, Metadata, Model, Operator, Subgraph, Tensor
from npufit.stacks.neutron.trace import trace

_SHAPE = (1, 4, 4, 8)


def _model(names: str, operators: tuple[Operator, ...], listed: bytes | None = None) -> Model:
    tensors = [Tensor(name, _SHAPE, ElementType.INT8) for name in names]
    payload = [Tensor(f"p{n}", (1,), ElementType.UINT8, buffer=Buffer(b"1")) for n in range(3)]
    metadata = () if listed is None else (Metadata("sourceIndex", Buffer(listed)),)
    return Model("m", (Subgraph((*tensors, *payload), (0,), (2,), operators),), metadata=metadata)


def _neutron_graph(reads: int, writes: int, tensors: int) -> Operator:
    payload = tuple(range(tensors, tensors + 3))
    return Operator(CUSTOM, (reads, *payload), (writes,), custom_code="NeutronGraph")


_QUANTIZE = Operator("QUANTIZE", (0,), (1,))
_SOURCE_OPERATORS = (_QUANTIZE, Operator("ABS", (1,), (2,)))


def test_an_operator_that_stayed_ends_the_region_even_where_names_are_ambiguous() -> None:
    # Two tensors are called x, so the border of the NeutronGraph cannot be found by name.
    source = _model("axcx", _SOURCE_OPERATORS)
    fate = trace(source, _model("axcx", (_QUANTIZE, _neutron_graph(1, 2, 4))))
    assert (fate.cpu, fate.npu, fate.graph_of) == ({0}, {1}, {1: 0})


def test_a_new_operator_makes_an_unnamed_border_untrusted() -> None:
    source = _model("axcx", _SOURCE_OPERATORS)
    fate = trace(source, _model("axcx", (Operator("CAST", (0,), (1,)), _neutron_graph(1, 2, 4))))
    assert (fate.cpu, fate.npu, fate.left_unmatched) == (frozenset(), frozenset(), 1)


def test_a_new_operator_leaves_a_named_border_trusted() -> None:
    source = _model("abc", _SOURCE_OPERATORS)
    fate = trace(source, _model("abc", (Operator("CAST", (0,), (1,)), _neutron_graph(1, 2, 3))))
    assert (fate.cpu, fate.npu, fate.left_unmatched) == (frozenset(), {1}, 1)


def test_an_operator_that_stayed_is_on_the_cpu_whatever_the_list_says() -> None:
    source = _model("abc", _SOURCE_OPERATORS)
    fate = trace(source, _model("abc", (_QUANTIZE, _neutron_graph(1, 2, 3)), listed=b""))
    assert (fate.cpu, fate.npu) == ({0}, {1})
    assert "sourceIndex" in fate.basis


def test_a_list_beyond_the_source_is_not_believed() -> None:
    source = _model("abc", _SOURCE_OPERATORS)
    listed = (7).to_bytes(4, "little")
    fate = trace(source, _model("abc", (_QUANTIZE, _neutron_graph(1, 2, 3)), listed))
    assert (fate.cpu, fate.npu) == ({0}, {1})
    assert "names" in fate.basis
