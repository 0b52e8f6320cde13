"""deploy: what a bundle's manifest says is what the model computes, and a bundle that is wrong is not written."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from npufit.deploying import DeployOptions, DeployResult, deploy
from npufit.report.schema import manifest_schema
from real_files import find_model

_DIRECT = "imx93/direct@7.3"


@cache
def _deployed(name: str) -> DeployResult:
    return deploy(find_model(name), _DIRECT, DeployOptions(inputs=1))


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("kws_ref_model.tflite", ["npu"]),
        ("keras_lstm_mnist_ptq.tflite", ["npu"]),
        ("fastestdet_shufflenetv2.tflite", ["npu", "cpu"] * 26 + ["npu"]),
    ],
)
def test_a_written_bundle_is_whole_and_says_what_it_holds(name: str, kinds: list[str], tmp_path: Path) -> None:
    result = _deployed(name)
    assert not result.has_failed
    result.save(tmp_path / "bundle")
    manifest: dict[str, Any] = json.loads((tmp_path / "bundle" / "manifest.json").read_text("utf-8"))
    jsonschema.validate(manifest, manifest_schema())
    assert [step["kind"] for step in manifest["steps"]] == kinds
    assert manifest["model"]["sha256"] == hashlib.sha256(find_model(name).read_bytes()).hexdigest()
    written = {
        str(path.relative_to(tmp_path / "bundle")) for path in (tmp_path / "bundle").rglob("*") if path.is_file()
    }
    assert written == {entry["path"] for entry in manifest["files"]} | {"manifest.json"}
    for entry in manifest["files"]:
        data = (tmp_path / "bundle" / entry["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
    assert not any(tensor["name"].startswith("#") for tensor in manifest["tensors"])
