"""A bundle of a few bytes with everything that a manifest can have; no device would run it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

Json = Any


def write_hand_made(folder: Path) -> Json:
    """Write the bundle's files into `folder` and return its manifest, which is written too."""
    files = {
        "constants.bin": bytes(range(64)),
        "streams/000.bin": b"\x00\x00\xff\xff" * 4,
        "streams/001.bin": b"\x01\x00\xff\xff" * 3,
        "cpu/002.tflite": b"TFL3",
        "state/0.bin": bytes(8),
        "values/3.bin": bytes(4),
        "verify/000/input_0.bin": bytes(16),
        "verify/000/output_0.bin": bytes(8),
        "verify/000/output_1.bin": bytes(4),
        "verify/000/step_001_1.bin": bytes(8),
    }
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    manifest = _manifest(files)
    write_manifest(folder, manifest)
    return manifest


def write_manifest(folder: Path, manifest: Json) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def _manifest(files: dict[str, bytes]) -> Json:
    return {
        "npufit_direct": 1,
        "made_by": {"npufit": "0", "vela": "5.2", "settings": {"accelerator": "ethos-u65-256"}},
        "model": {"name": "hand made \u2013 \U0001f600", "sha256": "0" * 64},
        "target": "imx93/direct@7.3",
        "status": "never run on silicon",
        "device": {
            "driver": "ethosu",
            "registers": [{"name": "config", "mask": 4026531855, "value": 268435464, "meaning": "Ethos-U65-256"}],
            "sram_bytes": 96000,
        },
        "kernels": [
            {"series": "6.19", "from": 0, "to": None, "verdict": "accepted"},
            {"series": "7.2", "from": 0, "to": 6, "verdict": "refused", "errno": "EINVAL", "why": "rounding"},
            {"series": "7.2", "from": 7, "to": None, "verdict": "accepted"},
        ],
        "files": [_entry(path, data) for path, data in files.items()],
        "buffers": [
            {"name": "constants", "bytes": 64, "file": "constants.bin"},
            {"name": "scratch", "bytes": 256},
        ],
        "tensors": [
            _tensor("input", "int8", [1, 4, 4, 1], 16, [0.5], [-1]),
            _tensor("middle", "int16", [1, 4], 8, [0.125, 2, 1e-3, 4.5e10], [0, 0, 0, 0]),
            _tensor("output", "float32", [1, 2], 8, [], []),
            {**_tensor("constant", "int32", [], 4, [], []), "file": "values/3.bin"},
            _tensor("memory", "uint8", [8], 8, [0.1], [3]),
        ],
        "inputs": [0],
        "outputs": [2, 3],
        "state": [{"tensor": 4, "buffer": 1, "offset": 248, "file": "state/0.bin"}],
        "steps": [
            {
                "kind": "npu",
                "stream": "streams/000.bin",
                "sram_bytes": 96000,
                "regions": [{"region": 0, "buffer": 0}, {"region": 1, "buffer": 1}],
                "inputs": [{"tensor": 0, "buffer": 1, "offset": 0}],
                "outputs": [],
            },
            {
                "kind": "npu",
                "stream": "streams/001.bin",
                "sram_bytes": 0,
                "regions": [{"region": 1, "buffer": 1}, {"region": 2, "buffer": 0}],
                "inputs": [],
                "outputs": [{"tensor": 1, "buffer": 1, "offset": 16}],
            },
            {"kind": "cpu", "file": "cpu/002.tflite", "inputs": [1, 3], "outputs": [2]},
        ],
        "verification": {
            "golden": "nobody",
            "cases": [
                {
                    "name": "seed 0",
                    "inputs": ["verify/000/input_0.bin"],
                    "outputs": ["verify/000/output_0.bin", "verify/000/output_1.bin"],
                    "steps": [[], [{"tensor": 1, "file": "verify/000/step_001_1.bin"}], []],
                }
            ],
        },
    }


def _entry(path: str, data: bytes) -> Json:
    return {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _tensor(name: str, element: str, shape: list[int], size: int, scales: list[float], zeros: list[int]) -> Json:
    return {
        "name": name,
        "type": element,
        "shape": shape,
        "bytes": size,
        "scales": scales,
        "zero_points": zeros,
        "axis": 0,
        "file": None,
    }
