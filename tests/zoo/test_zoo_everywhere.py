"""A network of the zoo is the same on every computer, whatever its processor can do: its digest stands in reports."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_DIGEST = """
import hashlib, npufit
from npufit.tflite import serialize_model
for name in ("mobilenet_v2@96,int8", "mobilenet_v3_small@96,int8"):
    print(hashlib.sha256(serialize_model(npufit.load("zoo:" + name))).hexdigest())
"""


def _digests(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _DIGEST], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize(
    "environment",
    [
        {"OPENBLAS_CORETYPE": "Haswell"},
        {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512F AVX2 FMA3"},
    ],
)
def test_other_processors_make_the_same_network(environment: dict[str, str]) -> None:
    assert _digests(**environment) == _digests()
