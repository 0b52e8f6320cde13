"""Label files behind the flatbuffer survive reading and writing."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from io import BytesIO

import npufit
from npufit.graph import Attachment
from npufit.tflite import parse_model, serialize_model
from real_files import find_model


def test_labels_of_a_real_file_are_kept_and_read_by_another_tool() -> None:
    data = (find_model("ssd_mobilenet_v1_coco_quant.tflite")).read_bytes()
    written = serialize_model(parse_model(data, "ssd"))
    with zipfile.ZipFile(BytesIO(data)) as before, zipfile.ZipFile(BytesIO(written)) as after:
        assert after.namelist() == before.namelist() == ["labelmap.txt"]
        assert after.read("labelmap.txt") == before.read("labelmap.txt")
        assert after.testzip() is None


def test_attachments_go_round_and_give_the_same_bytes() -> None:
    model = npufit.load("zoo:mobilenet_v1@32,uint8,alpha=0.25")
    model = replace(model, attachments=(Attachment("a.txt", b"one"), Attachment("b/c.txt", b"")))
    written = serialize_model(model)
    assert parse_model(written, "model").attachments == model.attachments
    assert serialize_model(parse_model(written, "model")) == serialize_model(model)
    assert serialize_model(replace(model, attachments=())) == written[: written.index(b"PK\x03\x04")]


def test_a_damaged_or_swollen_archive_is_left_out() -> None:
    data = serialize_model(npufit.load("zoo:mobilenet_v1@32,uint8,alpha=0.25"))
    assert parse_model(data + b"PK\x05\x06 and nothing more", "model").attachments == ()
    bomb = BytesIO(data)
    bomb.seek(0, 2)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(65 << 20))
    assert parse_model(bomb.getvalue(), "model").attachments == ()
