"""The labels in place of tensor names change nothing but names."""

from __future__ import annotations

import pytest

from networks.chains import chain, with_call
from npufit.chips import load_chip
from npufit.graph import Model
from npufit.stacks.vela.labels import find_label, label_tensors, read_label, restore_names
from npufit.stacks.vela.runner import run_vela
from npufit.stacks.vela.settings import resolve_settings
from npufit.tflite import parse_model, read_model, serialize_model
from real_files import find_model


def constants_of_calls(model: Model) -> list[list[bytes]]:
    """Return command stream and read-only data of every call in what Vela makes of `model`."""
    output = run_vela(serialize_model(model), resolve_settings(load_chip("imx93"), ()), 60.0)
    compiled = parse_model(output.compiled, "compiled")
    return [
        [bytes(subgraph.tensors[index].buffer.data) for index in operator.inputs[:2]] if operator.is_npu_call else []
        for subgraph in compiled.subgraphs
        for operator in subgraph.operators
    ]


@pytest.mark.parametrize("model", [chain("RELU", "SQUARE", "SOFTMAX"), with_call()], ids=["chain", "call"])
def test_small_models_compile_to_the_same_commands(model: Model) -> None:
    assert constants_of_calls(label_tensors(model)) == constants_of_calls(model)


@pytest.mark.parametrize("name", ["fastestdet_shufflenetv2", "keras_transformer_encoder_int8", "kws_ref_model"])
def test_networks_compile_to_the_same_commands(name: str) -> None:
    model = read_model(find_model(f"{name}.tflite"))
    plain = constants_of_calls(model)
    assert any(plain)
    assert constants_of_calls(label_tensors(model)) == plain


def test_labels_are_read_back() -> None:
    labelled = label_tensors(with_call())
    assert [read_label(tensor.name) for tensor in labelled.subgraphs[1].tensors] == [(1, 0), (1, 1)]
    assert read_label("#1.1 or so") is None
    assert find_label("Error: RELU '#1.0' is wrong") == (1, 0)
    assert find_label("Error") is None


def test_names_come_back_into_messages() -> None:
    model = chain("RELU", prefix="layer ")
    assert restore_names("from #0.0 to #0.1, not #0.7", model) == "from layer 0 to layer 1, not #0.7"
