"""Names of BSPs, what is said about each, and what a placement says besides units."""

from __future__ import annotations

import pytest

import npufit
from networks import FLOAT32, Network
from npufit.errors import InputError
from npufit.graph import Model, SoftmaxOptions
from npufit.stacks import Evidence, PlaceOptions, Status, Target, load_stack, resolve_target
from npufit.stacks.vx.releases import BSPS, Generation, first_of
from stacks.vx.on_vx import place

_STACK = load_stack("vx")


@pytest.mark.parametrize(
    ("version", "resolved"),
    [
        ("lf-6.1.36", "lf-6.1.36"),
        ("6.1.36", "lf-6.1.36"),
        ("lf-6.1.36_2.1.0", "lf-6.1.36"),
        ("LF6.1.36_2.1.0", "lf-6.1.36"),
        ("L5.15.71_2.2.2", "lf-5.15.71"),
        ("6.6.36-2.1.0", "lf-6.6.36"),
        ("lf-6.6.52", "lf-6.6.52"),
        ("6.12.20", "lf-6.12.20"),
        ("6.18.20_2.0.0", "lf-6.18.20"),
        ("lf-6.1.37", None),
        ("6.6.30", None),
        ("7.0.1", None),
        ("5.4.70", None),
        ("1.1.42", None),
        ("2.11.1", None),
        ("newest", None),
        ("", None),
    ],
)
def test_a_bsp_is_known_by_any_of_its_spellings(version: str, resolved: str | None) -> None:
    assert _STACK.resolve_version(version) == resolved


def test_the_default_is_the_newest_bsp_whose_code_was_run() -> None:
    info = _STACK.describe("imx8mp")
    assert (info.chip, info.stack, info.default_version) == ("imx8mp", "vx", "lf-6.6.36")
    assert resolve_target("imx8mp/vx").version == "lf-6.6.36"
    assert resolve_target("imx8mp/vx@6.1.55_2.2.1").version == "lf-6.1.55"
    with pytest.raises(InputError, match=r"lf-6\.1\.36"):
        resolve_target("imx8mp/vx@1.1.42")


def test_bsps_stand_in_order_and_in_groups_that_decide_alike() -> None:
    numbers = [bsp.number for bsp in BSPS]
    assert numbers == sorted(numbers)
    assert [bsp.generation for bsp in BSPS] == sorted(bsp.generation for bsp in BSPS)
    assert {bsp.generation for bsp in BSPS} == set(Generation)
    for generation in Generation:
        assert first_of(generation).label == f"lf-{generation.first}"
    # One recipe's name of TIM-VX stands for several groups.
    assert len({bsp.generation for bsp in BSPS if bsp.tim_vx == "1.1.42"}) == 5


def test_another_chip_is_an_input_error() -> None:
    with pytest.raises(InputError, match="imx8mp/vx"):
        _STACK.place(_floats(), Target("imx93", "vx", ""), PlaceOptions())


def _floats() -> Model:
    network = Network()
    source = network.input(1, 4, element=FLOAT32)
    hidden = network.apply("RELU", (source,), (1, 4), element=FLOAT32)
    network.apply("SOFTMAX", (hidden,), (1, 4), SoftmaxOptions(1.0), element=FLOAT32)
    return network.model()


def test_what_the_shader_units_run_is_on_the_npu_and_said_to_be_slow() -> None:
    placement = place(_floats())
    assert placement.status is Status.COMPLETE
    assert all("float32 on the NPU's shader units" in operator.note for operator in placement.operators)
    assert any("2 operators on the NPU run on its shader units" in note.text for note in placement.notes)
    quantized = place(npufit.load("zoo:mobilenet_v1@96,uint8"))
    slow = [operator.id.index for operator in quantized.operators if operator.note]
    names = [npufit.load("zoo:mobilenet_v1@96,uint8").main.operators[index].type for index in slow]
    assert names == ["SOFTMAX"]


def test_a_placement_says_once_what_the_closed_driver_may_do() -> None:
    for version in ("5.15.32", "6.6.36", "6.12.34"):
        texts = [note.text for note in place(_floats(), version).notes]
        assert sum("first Invoke" in text for text in texts) == 1
        assert sum("not bit-accurate" in text for text in texts) == 1


@pytest.mark.parametrize(
    ("version", "word", "evidence"),
    [("5.15.32", "only read", Evidence.SOURCE), ("6.12.34", "was not read", Evidence.INFERRED)],
)
def test_a_bsp_that_was_not_run_says_so(version: str, word: str, evidence: Evidence) -> None:
    note = place(_floats(), version).notes[0]
    assert word in note.text
    assert note.evidence is evidence
    assert not any(word in note.text for note in place(_floats(), "6.6.36").notes)


def test_every_subgraph_is_offered_to_the_delegate() -> None:
    one, two = _floats().main, _floats().main
    placement = place(Model("two", (one, two)))
    assert [operator.id.subgraph for operator in placement.operators] == [0, 0, 1, 1]
    assert [partition.subgraph for partition in placement.partitions] == [0, 1]
