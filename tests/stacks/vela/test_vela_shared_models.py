"""Placement by the real Vela: the real networks beside the repository."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from npufit.errors import ModelError
from npufit.graph import NO_TENSOR, Model, wire
from npufit.stacks.placement import Placement, Status
from npufit.stacks.rule import Evidence
from npufit.stacks.vela.absorbed_operators import constant_operators
from npufit.stacks.vela.placing import FOLDED, MERGED
from npufit.tflite import read_model
from real_files import find_model
from stacks.vela.on_vela import on_cpu, place, units

REFUSED = "test_split_int8"
WITHOUT_WARNING = ("SVDF",)
"""Types that Vela 5.2 leaves on the CPU without a word."""
SLOW = "deeplabv3_mnv2_dm05_pascal_quant"


def found(placement: Placement) -> Counter[tuple[str, str]]:
    """Return how often each rule was found on the CPU, with what was found."""
    return Counter(
        (placed.finding.rule.id, placed.finding.found) for placed in on_cpu(placement).values() if placed.finding
    )


def check_whole(model: Model, placement: Placement) -> None:
    """Assert what holds for every placement."""
    expected = [
        (number, index) for number, graph in enumerate(model.subgraphs) for index in range(len(graph.operators))
    ]
    assert [placed.id for placed in placement.operators] == expected
    assert placement.status is Status.COMPLETE
    assert placement.differences == ()
    members = {(part.subgraph, index): part.index for part in placement.partitions for index in part.operators}
    for placed in placement.operators:
        assert placed.evidence is Evidence.EXECUTED
        assert members.get(placed.id) == placed.partition
        assert (placed.finding is not None) == (placed.unit == "cpu")
        if placed.finding:
            unexplained = placed.finding.rule.id == "vela.unexplained"
            assert unexplained == (model.operator(placed.id).name in WITHOUT_WARNING)
            assert placed.finding.remedies


def passes_in_scratch(placement: Placement) -> bool:
    """Return whether partitions find results of earlier ones in scratch memory, where no tensor names them."""
    writes = Counter(tensor for part in placement.partitions for tensor in part.outputs)
    return any(not part.outputs for part in placement.partitions) or max(writes.values(), default=0) > 1


def check_order(model: Model, placement: Placement) -> None:
    """Assert that no partition needs what a later one computes, and that what crosses is at the boundary."""
    wiring = wire(model.main)
    partition = {placed.id.index: placed.partition for placed in placement.operators if placed.id.subgraph == 0}
    in_scratch = passes_in_scratch(placement)
    for part in placement.partitions:
        assert part.operators
        for index in part.operators:
            for tensor in model.main.operators[index].inputs:
                producer = None if tensor == NO_TENSOR else wiring.producer[tensor]
                if producer is None:
                    continue
                before = partition[producer]
                assert before is None or before <= part.index
                if before != part.index and producer in partition and not in_scratch and before is not None:
                    assert tensor in part.inputs


def test_every_operator_is_accounted_for(real_model: Path) -> None:
    if real_model.stem == SLOW:
        pytest.skip("takes Vela ten seconds; see test_deeplab")
    model = read_model(real_model)
    if real_model.stem == REFUSED:
        with pytest.raises(ModelError, match="Split dim size must be in the interval"):
            place(model)
        return
    placement = place(model)
    if real_model.stem.endswith("_vela"):
        assert placement.partitions
        return
    check_whole(model, placement)
    check_order(model, placement)
    constant = constant_operators(model.main)
    folded = {placed.id.index for placed in placement.operators if placed.note.startswith(FOLDED)}
    assert folded <= constant


def test_keras_mobilenet_v2_per_channel() -> None:
    placement = place(read_model(find_model("keras_mobilenet_v2_224_int8_per_channel.tflite")))
    assert Counter(units(placement)) == {"npu": 69, "cpu": 2}
    assert len(placement.partitions) == 1
    cpu = on_cpu(placement)
    assert sorted(cpu) == [0, 70]
    assert found(placement) == {
        ("vela.float", "Operation has tensor with unsupported DataType Float32 (serving_default_input_1:0)"): 1,
        ("vela.unsupported-type", "DEQUANTIZE"): 1,
    }
    finding = cpu[70].finding
    assert finding is not None
    assert "integer inputs and outputs" in finding.remedies[0].text
    (partition,) = placement.partitions
    assert (partition.traffic.input_bytes, partition.traffic.output_bytes) == (224 * 224 * 3, 1000)
    merged = Counter(placed.note for placed in placement.operators if placed.note)
    assert merged == {MERGED: 4}


def test_ssd_mobilenet_v1() -> None:
    placement = place(read_model(find_model("ssd_mobilenet_v1_coco_quant.tflite")))
    assert Counter(units(placement)) == {"npu": 63, "cpu": 1}
    assert found(placement) == {("vela.unsupported-type", "TFLite_Detection_PostProcess"): 1}


def test_shufflenet_is_cut_at_every_gather() -> None:
    model = read_model(find_model("fastestdet_shufflenetv2.tflite"))
    placement = place(model)
    assert {model.main.operators[index].name for index in on_cpu(placement)} == {"GATHER"}
    assert Counter(units(placement)) == {"npu": 198, "cpu": 26}
    assert len(placement.partitions) == 27
    silent = [part for part in placement.partitions if not part.outputs]
    assert len(silent) == 13
    assert any("Later partitions read the results from scratch" in note.text for note in placement.notes)


def test_state_crosses_the_boundary_once() -> None:
    model = read_model(find_model("keras_lstm_mnist_ptq.tflite"))
    (partition,) = place(model).partitions
    names = [model.main.tensors[index].name for index in partition.inputs]
    assert len(names) == len(set(names)) == 3
    assert sum(model.main.tensors[index].is_variable for index in partition.inputs) == 2


def test_shape_chains_execute_nowhere() -> None:
    model = read_model(find_model("keras_inception_v1_224_int8_per_channel_io_int8.tflite"))
    placement = place(model)
    folded = [placed.id.index for placed in placement.operators if placed.note.startswith(FOLDED)]
    assert [model.main.operators[index].name for index in folded] == ["SHAPE", "STRIDED_SLICE", "PACK"]


@pytest.mark.slow
def test_deeplab() -> None:
    model = read_model(find_model(f"{SLOW}.tflite"))
    placement = place(model)
    check_whole(model, placement)
    assert [model.main.operators[index].name for index in on_cpu(placement)] == ["RESIZE_BILINEAR"]
    # Vela's debug database ties none of the 65,000 commands of ARG_MAX to it; the compiled file shows where it is.
    assert placement.operators[71].partition == 1
