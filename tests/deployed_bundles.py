"""Bundles as `npufit deploy` writes them, for what runs them: each is made once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from npufit.deploying import DeployOptions, DeployResult, deploy
from real_files import find_model

ADDITION = "single_ops/test_add_int8.tflite"
"""One call without constants: what runs it takes no time."""

KEYWORDS = "kws_ref_model.tflite"
LSTM = "keras_lstm_mnist_ptq.tflite"
"""Keeps state in the scratch memory."""

SHUFFLENET = "fastestdet_shufflenetv2.tflite"
"""27 calls with operators on the CPU between them; ten of the calls use no constants."""


def write_bundle(name: str, folder: Path) -> Path:
    """Write the bundle of a real model into a new folder and return the folder."""
    _deployed(name).save(folder)
    return folder


def change_manifest(bundle: Path, change: Callable[[Any], object]) -> None:
    """Write a bundle's manifest again after a `change` of it."""
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def change_file(bundle: Path, file: str, data: bytes) -> None:
    """Write a file of a bundle again, and list it as it is."""

    def listed(manifest: Any) -> None:
        entry = next(entry for entry in manifest["files"] if entry["path"] == file)
        entry.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())

    (bundle / file).write_bytes(data)
    change_manifest(bundle, listed)


@cache
def _deployed(name: str) -> DeployResult:
    return deploy(find_model(name), "imx93/direct@7.3", DeployOptions(prove=True, inputs=1))
