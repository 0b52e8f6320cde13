"""tile-spatial: random networks in tiles at any place, byte for byte, and the search for the cheapest tiling."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from networks import FLOAT32, HALF, INT8, Network
from networks.random_chains import random_chain
from npufit.errors import InputError
from npufit.graph import (
    Activation,
    AddOptions,
    Model,
    Padding,
    ReducerOptions,
    ResizeBilinearOptions,
    measure_work,
    wire,
)
from npufit.rewrite import Context, Editor, parse_pass
from npufit.rewrite.passes.padding import FoldPad
from npufit.rewrite.passes.tiling import TileSpatial
from npufit.rewrite.tiling import largest_tensors, write_tiling
from npufit.rewrite.tiling.planning import TiledRegion
from npufit.rewrite.tiling.stripes import Effort, Region, Stripe, make_region, plan_stripes
from npufit.rewrite.tiling.tileable import find_tileable
from npufit.zoo import build, parse_spec
from rewrite.rewriting import assert_same_answers, kinds, on, rewrite

SAME = Padding.SAME
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@functools.cache
def zoo(name: str) -> Model:
    """Return a network of the zoo."""
    return build(parse_spec(name))


def macs(model: Model) -> int:
    """Return the multiply-accumulates of all operators."""
    return sum(measure_work(model.main, operator).macs for operator in model.main.operators)


def region_of(model: Model, start: int, stop: int) -> Region:
    """Return the operators from `start` to `stop` as a region."""
    members = [found for found in find_tileable(model.main)[start:stop] if found is not None]
    assert len(members) == stop - start
    region = make_region(model.main, members, wire(model.main))
    assert region is not None
    return region


def part(region: Region, axis: int, cuts: list[float]) -> tuple[Stripe, ...] | None:
    """Return the parts of a region with borders at these shares of its coarsest result."""
    size = min(region.sizes[tensor][axis] for tensor in region.results)
    inner = sorted({round(cut * size) for cut in cuts} - {0, size})
    return plan_stripes(region, axis, (0, *inner, size), Effort(1 << 40), lambda places: True)


@quick
@given(st.data())
def test_tiles_at_any_place_give_the_same_bytes(data: st.DataObject) -> None:
    model = random_chain(data.draw(st.integers(0, 100_000), label="network"))
    count = len(model.main.operators)
    start = data.draw(st.integers(0, count - 1), label="start")
    region = region_of(model, start, data.draw(st.integers(start + 1, count), label="stop"))
    cuts = st.lists(st.floats(0, 1), min_size=0, max_size=3)
    rows = part(region, 0, data.draw(cuts, label="rows"))
    columns = part(region, 1, data.draw(cuts, label="columns"))
    if rows is None or columns is None:
        return
    editor = Editor(model)
    write_tiling(editor, TiledRegion(region, rows, columns, 0, 0))
    assert_same_answers(TileSpatial(), model, editor.finish(), 1)


@quick
@given(st.integers(0, 100_000), st.floats(0.2, 0.95), st.integers(2, 8))
def test_a_limit_is_met_and_the_bytes_are_the_same(seed: int, share: float, tiles: int) -> None:
    model = random_chain(seed)
    limit = max(1, int(share * largest_tensors(model.main)[0]))
    pass_ = TileSpatial(limit=limit, tiles=tiles)
    plan = pass_.plan(model)
    assert plan is not None
    if not plan.regions:
        with pytest.raises(InputError, match="Still above the limit"):
            pass_.rewrite(model, Context())
        return
    rewritten = pass_.rewrite(model, Context())
    assert rewritten is not None
    if not any("Still above the limit" in note for note in rewritten.notes):
        assert largest_tensors(rewritten.model.main)[0] <= limit
    assert macs(rewritten.model) == macs(model) + plan.extra_macs
    assert_same_answers(pass_, model, rewritten.model, 1)


def test_parts_are_planned_everywhere() -> None:
    planned = 0
    for seed in range(40):
        model = random_chain(seed)
        region = region_of(model, 0, len(model.main.operators))
        planned += part(region, 0, [0.5]) is not None
    assert planned == 40


# Zoo networks: what the size of an input costs.


@pytest.mark.parametrize(("network", "most"), [("mobilenet_v2", 0.02), ("resnet50_v2", 0.05)])
@pytest.mark.parametrize("size", [320, 384])
def test_networks_meet_the_limit_of_224(network: str, size: int, most: float) -> None:
    limit = largest_tensors(zoo(f"{network}@224,int8").main)[0]
    model = zoo(f"{network}@{size},int8")
    pass_ = TileSpatial(like="224")
    rewritten = rewrite(pass_, model)
    assert largest_tensors(model.main)[0] > limit >= largest_tensors(rewritten.model.main)[0]
    assert macs(rewritten.model) <= (1 + most) * macs(model)


@pytest.mark.parametrize("network", ["mobilenet_v2", "resnet50_v2"])
def test_networks_meet_the_limit_of_224_at_512(network: str) -> None:
    rewritten = rewrite(TileSpatial(like="224"), zoo(f"{network}@512,int8"))
    assert largest_tensors(rewritten.model.main)[0] <= largest_tensors(zoo(f"{network}@224,int8").main)[0]
    assert not any("Still above the limit" in note for note in rewritten.notes)


@pytest.mark.parametrize("network", ["mobilenet_v2", "resnet50_v2"])
def test_two_stripes_at_320_cost_less_than_a_tenth(network: str) -> None:
    model = zoo(f"{network}@320,int8")
    rewritten = rewrite(TileSpatial(tiles=2), model)
    assert macs(model) <= macs(rewritten.model) < 1.1 * macs(model)
    assert largest_tensors(rewritten.model.main)[0] < 0.55 * largest_tensors(model.main)[0]
    assert "more MACs" in rewritten.notes[0]


@pytest.mark.parametrize(
    "name",
    [
        "mobilenet_v2@96,int8", "mobilenet_v2@75,uint8", "mobilenet_v2@96,float32", "resnet50_v2@64,int8",
        "mobilenet_v1@97,uint8", "deeplab_v3@65,uint8", "yolov8n@96,int8", "inception_v1@96,int8",
        "mobilenet_v3_small@96,int8", "yolov4_tiny@96,int8", "centernet@96,int8",
    ],
)  # fmt: skip
def test_networks_in_tiles_give_the_same_bytes(name: str) -> None:
    model = zoo(name)
    pass_ = TileSpatial(limit=2 * largest_tensors(model.main)[0] // 5)
    rewritten = rewrite(pass_, model)
    assert_same_answers(pass_, model, rewritten.model, 1)


@pytest.mark.slow
@pytest.mark.parametrize("size", [320, 384, 512])
@pytest.mark.parametrize("network", ["mobilenet_v2", "resnet50_v2"])
@pytest.mark.parametrize("folded", [False, True])
def test_networks_like_224_give_the_same_bytes(network: str, size: int, folded: bool) -> None:
    model = build(parse_spec(f"{network}@{size},int8"))
    if folded:
        model = rewrite(FoldPad(), model).model
    pass_ = TileSpatial(like="224")
    rewritten = rewrite(pass_, model)
    assert_same_answers(pass_, model, rewritten.model, 1)


# Options.


def chain_of(count: int) -> Model:
    """Return convolutions 3x3 with padding SAME on a map of 32x32."""
    net = Network()
    last = net.input(1, 32, 32, 4)
    for _ in range(count):
        last = net.convolve(last, 4, padding=SAME)
    return net.model()


def test_without_an_option_there_is_nothing_to_do() -> None:
    assert TileSpatial().rewrite(chain_of(2), Context()) is None


def test_what_meets_the_limit_stays() -> None:
    assert TileSpatial(limit=32 * 32 * 4).rewrite(chain_of(2), Context()) is None
    assert TileSpatial(like="32").rewrite(chain_of(2), Context()) is None


def test_options_are_written_as_text() -> None:
    assert parse_pass("tile-spatial:like=224,tiles=4") == TileSpatial(tiles=4, like="224")
    assert parse_pass("tile-spatial:limit-width-channels=64") == TileSpatial(limit_width_channels=64)


@pytest.mark.parametrize("pass_", [TileSpatial(tiles=1), TileSpatial(limit=0), TileSpatial(like="big")])
def test_options_that_mean_nothing_are_refused(pass_: TileSpatial) -> None:
    with pytest.raises(InputError):
        pass_.rewrite(chain_of(2), Context())


def narrowing() -> Model:
    """Return a wide map between narrow ones, which is what can be tiled."""
    net = Network()
    first = net.convolve(net.input(1, 32, 24, 4), 2, 3, 1, padding=SAME)
    wide = net.convolve(first, 16, 1, padding=SAME)
    deep = net.convolve(wide, 16, 3, 2, padding=SAME, depthwise=True)
    net.convolve(deep, 2, 1, padding=SAME)
    return net.model()


def test_only_what_is_too_large_is_tiled() -> None:
    model = narrowing()
    pass_ = TileSpatial(limit=18 * 24 * 16)
    rewritten = rewrite(pass_, model)
    assert [site.operators for site in rewritten.sites] == [(1, 2, 3)]
    assert kinds(rewritten.model).count("DEPTHWISE_CONV_2D") == 2
    assert kinds(rewritten.model).count("CONCATENATION") == 1
    assert rewritten.sites[0].what == "3 operators in 2 stripes of rows"
    assert_same_answers(pass_, model, rewritten.model)


def test_a_limit_of_width_and_channels_parts_columns() -> None:
    model = narrowing()
    pass_ = TileSpatial(limit_width_channels=14 * 16)
    rewritten = rewrite(pass_, model)
    assert "2 stripes of columns" in rewritten.sites[0].what
    assert largest_tensors(rewritten.model.main)[1] <= 14 * 16
    assert_same_answers(pass_, model, rewritten.model)


def test_both_limits_part_rows_and_columns() -> None:
    model = narrowing()
    pass_ = TileSpatial(limit=14 * 18 * 16, limit_width_channels=14 * 16)
    rewritten = rewrite(pass_, model)
    assert "2x2 tiles" in rewritten.sites[0].what
    assert_same_answers(pass_, model, rewritten.model)


def test_constants_are_shared_by_all_tiles() -> None:
    model = narrowing()
    rewritten = rewrite(TileSpatial(limit=18 * 24 * 16), model)
    weights = {operator.inputs[1] for operator in rewritten.model.main.operators if operator.type == "CONV_2D"}
    assert len(weights) == 3


def test_the_target_decides_between_plans() -> None:
    faster = 0
    for seed in range(12):
        model = random_chain(seed)
        context = on(model, "26.1")
        pass_ = TileSpatial(limit=max(1, largest_tensors(model.main)[0] // 2))
        try:
            alone, asked = (pass_.rewrite(model, given) for given in (Context(), context))
        except InputError:  # no plan meets the limit
            continue
        assert alone is not None
        assert asked is not None
        times = context.milliseconds(alone.model), context.milliseconds(asked.model)
        assert (times[1] or 0) <= (times[0] or 0)
        faster += times[1] != times[0]
        assert_same_answers(pass_, model, asked.model, 1)
    assert faster


def test_the_same_search_finds_the_same() -> None:
    model = zoo("mobilenet_v2@384,int8")
    first, second = (TileSpatial(limit=1_000_000).plan(model) for _ in range(2))
    assert first is not None
    assert second is not None
    assert [region.indices for region in first.regions] == [region.indices for region in second.regions]


def test_what_cannot_be_tiled_is_named() -> None:
    net = Network()
    wide = net.convolve(net.input(1, 16, 16, 2), 16, 1, padding=SAME)
    axes = net.constant([1, 2])
    net.apply("MEAN", (wide, axes), (1, 16), ReducerOptions())
    with pytest.raises(InputError, match=r"operator 0 \(CONV_2D\) writes 4.1 kB"):
        TileSpatial(limit=2000).rewrite(net.model(), Context())


def test_what_leaves_a_region_does_not_come_back_into_it() -> None:
    """A squeeze-and-excitation gate needs the mean of the whole map, so that two regions are made."""
    net = Network()
    small = net.convolve(net.input(1, 16, 16, 2), 4, 1, padding=SAME)
    wide = net.convolve(small, 32, 3, padding=SAME)
    narrow = net.convolve(wide, 4, 1, padding=SAME)
    gate = net.apply("MEAN", (narrow, net.constant([1, 2])), (1, 1, 1, 4), ReducerOptions(keep_dims=True))
    gated = net.apply("ADD", (narrow, gate), (1, 16, 16, 4), AddOptions())
    wide = net.convolve(gated, 32, 3, padding=SAME)
    net.convolve(wide, 4, 1, padding=SAME, activation=Activation.RELU6)
    model = net.model()
    pass_ = TileSpatial(limit=5000)
    rewritten = rewrite(pass_, model)
    assert len(rewritten.sites) == 2
    assert largest_tensors(rewritten.model.main)[0] <= 5000
    assert_same_answers(pass_, model, rewritten.model)


def resized(height: int, out: int, element: Any, options: ResizeBilinearOptions) -> Model:
    """Return a map that is resized in rows and made narrow again."""
    net = Network(element)
    first = net.input(1, height, 8, 4) if element is INT8 else net.input(1, height, 8, 4, quantization=HALF)
    large = net.apply("RESIZE_BILINEAR", (first, net.constant([out, 8])), (1, out, 8, 4), options, version=3)
    net.pool(large, 2, 2)
    return net.model()


@pytest.mark.parametrize(
    ("height", "out", "options", "tiles"),
    [
        (8, 32, ResizeBilinearOptions(False, True), True),
        (9, 33, ResizeBilinearOptions(True, False), True),
        (8, 24, ResizeBilinearOptions(False, True), False),
        (8, 32, ResizeBilinearOptions(True, False), False),
        (32, 16, ResizeBilinearOptions(False, False), True),
    ],
)
def test_resizing_is_tiled_where_its_arithmetic_is_exact(
    height: int, out: int, options: ResizeBilinearOptions, tiles: bool
) -> None:
    model = resized(height, out, INT8, options)
    assert (find_tileable(model.main)[0] is not None) == tiles
    if tiles:
        region = region_of(model, 0, 2)
        rows = part(region, 0, [0.3, 0.6])
        columns = part(region, 1, [])
        assert rows is not None
        assert columns is not None
        editor = Editor(model)
        write_tiling(editor, TiledRegion(region, rows, columns, 0, 0))
        assert_same_answers(TileSpatial(), model, editor.finish())


def test_average_pooling_divides_by_what_it_sees() -> None:
    net = Network(FLOAT32)
    first = net.input(1, 17, 9, 3)
    net.pool(first, 3, 1, padding=SAME, kind="AVERAGE_POOL_2D")
    model = net.model()
    region = region_of(model, 0, 1)
    rows, columns = part(region, 0, [0.4]), part(region, 1, [0.5])
    assert rows is not None
    assert columns is not None
    editor = Editor(model)
    write_tiling(editor, TiledRegion(region, rows, columns, 0, 0))
    assert "PAD" not in kinds(editor.finish())
    assert_same_answers(TileSpatial(), model, editor.finish(), 3)


def test_a_shortcut_is_cut_where_it_is_narrow() -> None:
    """The widening convolution of the shortcut needs fewer rows than the one in front of the window."""
    net = Network()
    first = net.convolve(net.input(1, 24, 8, 2), 4, 1)
    wide = net.convolve(first, 32, 1)
    window = net.convolve(net.pad(first, 1, 1, 1, 1), 4, 3)
    window = net.convolve(window, 32, 1)
    net.apply("ADD", (wide, window), (1, 24, 8, 32), AddOptions())
    net.convolve(len(net.tensors) - 1, 2, 1)
    model = net.model()
    region = region_of(model, 1, 7)
    rows = part(region, 0, [0.5])
    assert rows is not None
    assert all(place[0] == 1 for stripe in rows for place in stripe.cuts), "operator 1 widens"
    assert any(stripe.cuts for stripe in rows)


def test_interface_and_names_stay() -> None:
    model = narrowing()
    rewritten = rewrite(TileSpatial(limit=8000), model)
    assert rewritten.model.main.inputs == model.main.inputs
    names = [tensor.name for tensor in rewritten.model.main.tensors]
    assert len(set(names)) == len(names)
    assert not np.any([tensor.shape is None for tensor in rewritten.model.main.tensors])
