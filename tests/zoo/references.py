"""The real files that networks of the zoo must equal in structure, and what is recorded of them in `references.json`.

`python tests/zoo/references.py` reads the files beside the repository and writes the record anew. Tests compare the
zoo with the record everywhere, and with the files themselves where these are present.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from real_files import find_model

RECORD = Path(__file__).with_name("references.json")

SPECS = {
    "keras_mobilenet_v2_224_int8_per_channel": "zoo:mobilenet_v2@224,int8",
    "keras_mobilenet_v2_320_int8_per_channel": "zoo:mobilenet_v2@320,int8",
    "keras_mobilenet_v2_224_int8_per_tensor_io_int8": "zoo:mobilenet_v2@224,int8-per-tensor,io=int8",
    "tf2_mobilenet_v2_1.0_224_ptq": "zoo:mobilenet_v2@224,int8,io=uint8,export=garden",
    "mobilenet_v2_1.0_224_quant": "zoo:mobilenet_v2@224,uint8",
    "mobilenet_v1_0.5_160_quant": "zoo:mobilenet_v1@160,uint8,alpha=0.5",
    "keras_inception_v1_224_int8_per_channel_io_int8": "zoo:inception_v1@224,int8,io=int8",
    "ad01_int8": "zoo:mlperf_tiny_ad,io=int8",
    "kws_ref_model": "zoo:mlperf_tiny_kws,io=int8",
    "keras_mobilenet_v3_small_224_int8_per_channel_io_int8": "zoo:mobilenet_v3_small@224,int8,io=int8",
    "ssd_mobilenet_v1_coco_quant": "zoo:ssd_mobilenet_v1@300,uint8,alpha=0.75",
    "deeplabv3_mnv2_dm05_pascal_quant": "zoo:deeplab_v3@513,uint8,alpha=0.5",
    "yolov8n_640_full_integer_quant": "zoo:yolov8n@640,int8-per-tensor,io=int8",
}
"""The network of the zoo that equals each file."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What is recorded of one file: the zoo's name for it, the digest of its structure, its operators."""

    file: str
    spec: str
    digest: str
    operators: dict[str, int]


def read_record() -> list[Reference]:
    """Return what is recorded."""
    return [Reference(**entry) for entry in json.loads(RECORD.read_text())]


def _write_record() -> None:
    from npufit.tflite import read_model
    from npufit.zoo import describe_structure

    entries: list[Reference] = []
    for file, spec in SPECS.items():
        structure = describe_structure(read_model(find_model(f"{file}.tflite")))
        entries.append(Reference(file, spec, structure.digest, structure.operator_counts))
    RECORD.write_text(json.dumps([asdict(entry) for entry in entries], indent=2) + "\n")


if __name__ == "__main__":
    _write_record()
