"""LiteRT, with its reference kernels, computes the same before and after a file was read and written."""

from __future__ import annotations

from pathlib import Path

import pytest
from interpreter import prepare, run

from networks.schema_files import EXAMPLES
from npufit.tflite import parse_model, serialize_model

NOT_RUN = {
    "person_detect": "quantized_dimension must be in range",
    "person_detect_vela": "unresolved custom op: ethos-u",
    "custom_operator": "unresolved custom op: Mine",
    "external_custom_options": "unresolved custom op: Mine",
    "posenet_mobilenet_v1_075_353_481_decoder": "unresolved custom op: PosenetDecoderOp",
    "seanet_transpose_conv1": "number of elements overflowed",
    "seanet_transpose_conv3": "number of elements overflowed",
    "odd_names": "'utf-8' codec can't decode",
}
"""What LiteRT 2.3, or its Python binding, does not run, and its words."""


DIES = {"keyword_scrambled_8bit"}
"""LiteRT 2.3 writes behind the state of its SVDF (docs/run.md), which ends the process, now or later."""


def _same_answer(data: bytes, name: str) -> None:
    written = serialize_model(parse_model(data, name))
    if name in NOT_RUN:
        for refused in (data, written):
            with pytest.raises((RuntimeError, ValueError), match=NOT_RUN[name]):
                run(refused)
        return
    expected, found = run(data), run(written)
    assert len(expected) == len(found) > 0
    for first, second in zip(expected, found, strict=True):
        assert first.dtype == second.dtype
        assert first.shape == second.shape
        assert first.tobytes() == second.tobytes()


def test_real_model_computes_the_same(real_model: Path) -> None:
    if real_model.stem in DIES:
        pytest.skip("LiteRT dies of it")
    _same_answer(real_model.read_bytes(), real_model.stem)


@pytest.mark.parametrize("name", EXAMPLES)
def test_rare_content_computes_the_same(name: str) -> None:
    _same_answer(EXAMPLES[name](), name)


def test_constants_behind_the_flatbuffer_compute_the_same() -> None:
    data = EXAMPLES["variable_state"]()
    outside = serialize_model(parse_model(data, "model"), most_inside_bytes=0)
    assert len(outside) > 0
    assert [output.tobytes() for output in run(outside)] == [output.tobytes() for output in run(data)]


def test_signatures_and_details_are_kept() -> None:
    data = EXAMPLES["signatures"]()
    before, after = prepare(data), prepare(serialize_model(parse_model(data, "model")))
    assert set(before.get_signature_list()) == {"serving_default", "other"}
    assert after.get_signature_list() == before.get_signature_list()
    assert [str(detail) for detail in after.get_tensor_details()] == [
        str(detail) for detail in before.get_tensor_details()
    ]
