"""Chains are what their values say, and LiteRT prepares them."""

from __future__ import annotations

import pytest

from npufit.execution.reference import LitertKernels, Reference
from npufit.graph import validate
from npufit.probing.questions import BETWEEN, LINKS, ImpossibleError, draw_chain, space_of
from npufit.stacks.probed import measure

CHAIN = space_of("chain")
SMALL = {**CHAIN.base, "h": 8, "w": 8}


@pytest.mark.parametrize(
    "values",
    [
        *({"links": kind, "dtype": dtype} for kind in LINKS for dtype in ("int8", "uint8")),
        *({"between": kind, "places": 2} for kind in BETWEEN if kind != "EXP"),
        *({"channels": channels, "skip": "none"} for channels in ("falling", "rising", "bulging")),
        {"channels": "bulging", "skip": "around"},
        {"links": "RELU", "skip": "around", "between": "TANH"},
        {"tail_c": 5, "length": 1},
    ],
    ids=str,
)
def test_chains_are_prepared(values: dict[str, str | int]) -> None:
    model = CHAIN.draw({**SMALL, **values})
    validate(model)
    Reference(model, kernels=LitertKernels.REFERENCE)


def test_every_link_is_a_question_of_its_own() -> None:
    values = {**SMALL, "length": 6, "between": "PAD", "places": 2, "channels": "bulging"}
    model, links = draw_chain(values)
    main = model.main
    for operator, link in zip(main.operators, links, strict=True):
        alone = space_of(link.space).draw(dict(link.values)).main
        here, there = measure(main, operator), measure(alone, alone.operators[0])
        assert operator.type == link.space
        names = ("h", "w", "c", "ofm_h", "ofm_w", "ofm_c", "io_bytes", "weights_bytes", "dtype")
        assert [here.get(name) for name in names] == [there.get(name) for name in names]


def test_weights_of_links_are_not_shared() -> None:
    tensors = [tensor for tensor in CHAIN.draw(SMALL).main.tensors if tensor.is_constant]
    assert len({id(tensor.buffer) for tensor in tensors}) == len(tensors)


@pytest.mark.parametrize(
    "values",
    [
        {"between": "PAD", "places": 4},
        {"links": "RELU", "channels": "falling"},
        {"length": 256, "c": 1024},
        {"tail_c": 5, "skip": "around"},
    ],
    ids=str,
)
def test_some_chains_are_impossible(values: dict[str, str | int]) -> None:
    with pytest.raises(ImpossibleError):
        CHAIN.draw({**SMALL, **values})
