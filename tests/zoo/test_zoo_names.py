"""The names of networks: what they mean, and what is said where they mean nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from npufit.errors import InputError
from npufit.zoo import (
    CATALOGUE,
    LARGEST_SIZE,
    Boundary,
    Export,
    PadStyle,
    Precision,
    ZooSpec,
    build,
    entries,
    parse_spec,
)


@pytest.mark.parametrize(
    ("text", "spec", "canonical"),
    [
        ("zoo:mobilenet_v2", ZooSpec("mobilenet_v2", 224), "zoo:mobilenet_v2@224,int8"),
        ("mobilenet_v2@320,int8", ZooSpec("mobilenet_v2", 320), "zoo:mobilenet_v2@320,int8"),
        (
            "zoo:mobilenet_v1@160,alpha=0.50,uint8",
            ZooSpec("mobilenet_v1", 160, Precision.UINT8, Boundary.UINT8, alpha=0.5),
            "zoo:mobilenet_v1@160,uint8,alpha=0.5",
        ),
        (
            "zoo:resnet50_v2,pad=folded,io=int8,int8-per-tensor",
            ZooSpec("resnet50_v2", 224, Precision.INT8_PER_TENSOR, Boundary.INT8, PadStyle.FOLDED),
            "zoo:resnet50_v2@224,int8-per-tensor,io=int8,pad=folded",
        ),
        (
            "zoo:mobilenet_v2,io=uint8,export=garden",
            ZooSpec("mobilenet_v2", 224, boundary=Boundary.UINT8, export=Export.GARDEN),
            "zoo:mobilenet_v2@224,int8,io=uint8,export=garden",
        ),
        ("mobilenet_v2@96x160", ZooSpec("mobilenet_v2", 96, width=160), "zoo:mobilenet_v2@96x160,int8"),
        ("mobilenet_v2@96x96", ZooSpec("mobilenet_v2", 96), "zoo:mobilenet_v2@96,int8"),
        ("zoo:mlperf_tiny_kws", ZooSpec("mlperf_tiny_kws", 0), "zoo:mlperf_tiny_kws,int8"),
        (
            "zoo:ssd_mobilenet_v1,float32,io=float",
            ZooSpec("ssd_mobilenet_v1", 300, Precision.FLOAT32),
            "zoo:ssd_mobilenet_v1@300,float32",
        ),
    ],
)
def test_names_mean_networks(text: str, spec: ZooSpec, canonical: str) -> None:
    assert parse_spec(text) == spec
    assert str(spec) == canonical
    assert parse_spec(canonical) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zoo:mobilnet_v2", "no network 'mobilnet_v2' in the zoo. Did you mean mobilenet_v2? Known: mobilenet_v1,"),
        ("zoo:", "no network '' in the zoo. Known: mobilenet_v1, mobilenet_v2, resnet50_v2,"),
        ("zoo:mobilenet_v2,int4", "no precision 'int4'. Did you mean int8?"),
        ("zoo:mobilenet_v2,int8,uint8", "2 precisions are given, but a network has only one."),
        ("zoo:mobilenet_v2@", "the size '' is not a number of pixels, nor"),
        ("zoo:mobilenet_v2@224x", "the size '224x' is not a number of pixels, nor two as in 288x800 (height first)."),
        ("zoo:mobilenet_v2@1x2x3", "the size '1x2x3' is not a number of pixels"),
        ("zoo:mobilenet_v2@31x224", "cannot be 31 pixels high."),
        ("zoo:mobilenet_v2@224x5000", "cannot be 5000 pixels wide."),
        ("zoo:mobilenet_v2@²", "the size '²' is not a number of pixels, nor"),
        ("zoo:mobilenet_v2@31", "cannot be 31 pixels wide. Give a size from 32 to 4096; the usual one is 224."),
        ("zoo:ssd_mobilenet_v2@32", "cannot be 32 pixels wide. Give a size from 33 to 4096; the usual one is 300."),
        ("zoo:resnet50_v2@4097", "cannot be 4097 pixels wide."),
        ("zoo:mlperf_tiny_ad@640", "the input of mlperf_tiny_ad is always 1x640, so no size can be given."),
        ("zoo:mobilenet_v2,widht=2", "no option 'widht'."),
        ("zoo:mobilenet_v2,alpah=0.5", "no option 'alpah'. Did you mean alpha?"),
        ("zoo:mobilenet_v2,alpha=0.3", "mobilenet_v2 has no alpha=0.3. It has 0.35, 0.5, 0.75, 1, 1.3, 1.4."),
        ("zoo:mobilenet_v2,alpha=half", "alpha='half' is not a number."),
        ("zoo:mobilenet_v2,alpha=nan", "mobilenet_v2 has no alpha=nan."),
        ("zoo:mobilenet_v2,alpha=1,alpha=1", "the option 'alpha' is given twice. Give it once."),
        ("zoo:inception_v1,alpha=0.5", "inception_v1 has no alpha=0.5. It has 1."),
        ("zoo:mobilenet_v2,io=int16", "no io='int16'. Did you mean int8?"),
        ("zoo:mobilenet_v2,float32,io=int8", "float32 cannot have io=int8. It allows io=float."),
        ("zoo:mobilenet_v2,uint8,io=float", "uint8 cannot have io=float. It allows io=uint8."),
        ("zoo:mobilenet_v2,pad=fold", "no pad='fold'. Did you mean folded?"),
        ("zoo:inception_v1,pad=folded", "inception_v1 in int8 has no PAD operators, so pad= does not apply."),
        ("zoo:mobilenet_v2,uint8,pad=explicit", "These have: resnet50_v2, resnet50,"),
        ("zoo:mobilenet_v2,pad=folded,export=garden", "mobilenet_v2 of the Model Garden in int8 has no PAD operators"),
        ("zoo:resnet50_v2,export=garden", "there is no export=garden of resnet50_v2 in int8."),
        ("zoo:mobilenet_v2,uint8,export=garden", "there is no export=garden of mobilenet_v2 in uint8."),
        ("zoo:mobilenet_v2,export=slim", "no export='slim'."),
    ],
)
def test_wrong_names_say_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_spec(text)
    assert str(caught.value).startswith(f"{text}: ")
    assert message in str(caught.value)


def test_building_checks_the_spec_as_well() -> None:
    with pytest.raises(InputError, match="cannot be 16 pixels wide"):
        build(ZooSpec("mobilenet_v2", 16))
    with pytest.raises(InputError, match="no network 'vgg16'"):
        build(ZooSpec("vgg16", 224))


def test_the_catalogue_lists_every_network_of_the_specification() -> None:
    expected = {
        "mobilenet_v1",
        "mobilenet_v2",
        "resnet50_v2",
        "inception_v1",
        "inception_v2",
        "ssd_mobilenet_v1",
        "ssd_mobilenet_v2",
        "resnet50",
        *(f"efficientnet_lite{number}" for number in range(5)),
        "mlperf_tiny_ad",
        "mlperf_tiny_kws",
        "mlperf_tiny_ic",
        "mlperf_tiny_vww",
        "mobilenet_v3_small",
        "mobilenet_v3_large",
        "mnasnet_a1",
        "whenet",
        "facenet512",
        "deepface_emotion",
        "wav2letter",
        "blazeface",
        "face_mesh",
        "iris_landmark",
    }
    assert expected <= {entry.name for entry in entries()}
    assert all(name == entry.name for name, entry in CATALOGUE.items())
    assert all(entry.smallest_size <= entry.default_size <= LARGEST_SIZE for entry in entries())


def test_the_model_is_called_by_its_canonical_name() -> None:
    assert build(parse_spec("mobilenet_v1@64,alpha=0.25")).name == "zoo:mobilenet_v1@64,int8,alpha=0.25"


def test_importing_the_zoo_does_not_import_numpy() -> None:
    program = "import sys, npufit.zoo; print([name for name in ('numpy', 'flatbuffers') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
