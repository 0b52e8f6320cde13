"""Calibration: measurements of a board move what they speak of, and predict networks that they do not hold."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import npufit
from npufit.calibrating import CalibrateResult
from npufit.calibrating.refinement import refine
from npufit.cost import estimate
from npufit.cost.assembly import assemble
from npufit.cost.board_profile import Change
from npufit.cost.cpu import caches_of, cpu_cost
from npufit.cost.measured.observation import Observation, OperatorTime
from npufit.cost.packaged_coefficients import load_coefficients
from npufit.cost.workload import on_the_cpu
from npufit.errors import InputError
from npufit.graph import Model
from npufit.loading import load
from npufit.stacks import Unit, resolve_target

_NAMES = ("mobilenet_v1@96,int8", "mobilenet_v2@96,int8", "inception_v1@96,int8", "resnet50_v2@96,int8")
_TARGET = resolve_target("imx93/teflon@26.2")


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    """Return four networks by short names."""
    return {name.partition("@")[0]: load(f"zoo:{name}") for name in _NAMES}


def _packaged() -> Mapping[str, float]:
    fitted = load_coefficients("imx93/cpu")
    assert fitted is not None
    return fitted.values


def _run(models: Mapping[str, Model], name: str, threads: int = 1, **factors: float) -> Observation:
    """Return a run on the CPU of a made-up board, whose coefficients are the packaged ones times `factors`."""
    values = {key: value * factors.get(key, factors.get("all", 1.0)) for key, value in _packaged().items()}
    values |= {key: _packaged()[key] for key in _packaged() if key.endswith(("_threads", "_bytes"))}
    return Observation(
        name, Unit.CPU, threads, assemble(on_the_cpu(models[name]), values, threads, None, {}).cpu_only_ms, "a test"
    )


def _after(result: CalibrateResult) -> dict[str, float]:
    """Return by which factor each coefficient moved."""
    return {change.name: change.after / change.before for change in (*result.profile.cpu, *result.profile.npu)}


def test_a_slower_board_is_learnt_from_three_networks_and_predicts_the_fourth(models: dict[str, Model]) -> None:
    known = list(models)[:3]
    runs = [_run(models, name, threads, all=1.4) for name in known for threads in (1, 2)]
    result = refine(runs, models, _TARGET, "board.toml")
    errors = result.profile.errors
    assert errors.held_out is not None
    assert errors.before > 0.2
    assert errors.after < 0.03
    assert errors.held_out < 0.06
    values = {**_packaged(), **{change.name: change.after for change in result.profile.cpu}}
    unseen = list(models)[3]
    predicted = assemble(on_the_cpu(models[unseen]), values, 1, None, {}).cpu_only_ms
    assert predicted == pytest.approx(  # pyright: ignore[reportUnknownMemberType]
        _run(models, unseen, all=1.4).ms, rel=0.08
    )


def test_a_board_like_the_packaged_one_moves_nothing(models: dict[str, Model]) -> None:
    result = refine([_run(models, name) for name in models], models, _TARGET, "board.toml")
    assert result.profile.cpu == ()
    assert result.profile.errors.before == pytest.approx(0, abs=1e-6)  # pyright: ignore[reportUnknownMemberType]


def test_a_profile_moves_the_families_that_it_shows(models: dict[str, Model]) -> None:
    model = models["mobilenet_v1"]
    values = {**_packaged(), "depthwise_ns_per_mac": 2 * _packaged()["depthwise_ns_per_mac"]}
    workload = on_the_cpu(model)
    caches = caches_of((entry.demand for entry in workload.operators), values)
    times = tuple(
        OperatorTime(entry.demand.type, cpu_cost(entry.demand, values, 1, caches).ms) for entry in workload.operators
    )
    run = Observation("mobilenet_v1", Unit.CPU, 1, sum(entry.ms for entry in times), "a test", times)
    moved = _after(refine([run], models, _TARGET, "board.toml"))
    others = {name: factor for name, factor in moved.items() if name != "depthwise_ns_per_mac"}
    assert moved["depthwise_ns_per_mac"] > 1.25
    assert moved["depthwise_ns_per_mac"] > 1.15 * max(others.values(), default=1.0)


def test_a_profile_of_another_model_is_not_used(models: dict[str, Model]) -> None:
    times = tuple(OperatorTime("CONV_2D", 1.0) for _ in range(3))
    run = Observation("mobilenet_v1", Unit.CPU, 1, 5.0, "cpu.log", times)
    result = refine([run], models, _TARGET, "board.toml")
    assert "cpu.log: the profile has 3 of type CONV_2D, the model has 15 on the CPU" in result.unused


def test_runs_with_the_npu_move_the_npu(models: dict[str, Model]) -> None:
    target = resolve_target("imx93/vela")
    packaged = load_coefficients("imx93/vela")
    assert packaged is not None
    runs: list[Observation] = []
    for name, model in models.items():
        predicted = estimate(model, npufit.check(model, target).placement)
        assert predicted is not None
        assert predicted.total_ms is not None
        runs.append(Observation(name, Unit.NPU, 1, 1.3 * predicted.total_ms, "a test"))
    result = refine(runs, models, target, "board.toml")
    assert result.profile.cpu == ()
    assert result.profile.npu
    assert result.profile.errors.after < 0.1 < result.profile.errors.before
    assert {row.unit for row in result.rows} == {Unit.NPU}


def test_a_run_whose_placement_is_unknown_is_not_used(models: dict[str, Model]) -> None:
    target = resolve_target("imx95/neutron@1.16")
    run = Observation("mobilenet_v1", Unit.NPU, 1, 3.0, "npu.log")
    with pytest.raises(InputError, match="none of the measurements can be used"):
        refine([run], models, target, "board.toml")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mobilenet_v1", True),
        ("/root/models/mobilenet_v1.tflite", True),
        ("C:\\models\\mobilenet_v1_vela.tflite", True),
        ("mobilenet_v1_neutron.tflite", True),
        ("mobilenet_v3.tflite", False),
        ("", False),
    ],
)
def test_models_are_found_by_what_a_measurement_calls_them(models: dict[str, Model], name: str, found: bool) -> None:
    run = Observation(name, Unit.CPU, 1, 5.0, "runs.csv line 2")
    if found:
        assert refine([run], models, _TARGET, "board.toml").rows[0].model == "mobilenet_v1"
        return
    with pytest.raises(InputError, match=r"runs\.csv line 2 .* -m NAME=MODEL"):
        refine([run], models, _TARGET, "board.toml")


def test_a_chip_without_a_model_has_nothing_to_calibrate(models: dict[str, Model]) -> None:
    with pytest.raises(InputError, match="rk3588"):
        refine([_run(models, "mobilenet_v1")], models, resolve_target("rk3588/teflon"), "board.toml")


def test_with_few_networks_nothing_is_held_out_and_the_packaged_range_stays(models: dict[str, Model]) -> None:
    result = refine([_run(models, "mobilenet_v1", all=1.2)], models, _TARGET, "board.toml")
    assert result.profile.errors.held_out is None
    assert result.profile.cpu_band is None
    assert all(row.held_out_ms is None for row in result.rows)


def test_the_same_measurements_give_the_same_profile(models: dict[str, Model]) -> None:
    runs = [_run(models, name, all=1.3) for name in list(models)[:2]]
    first, second = (refine(runs, models, _TARGET, "board.toml") for _ in range(2))
    assert first == second


def test_every_coefficient_has_a_meaning(models: dict[str, Model]) -> None:
    run = _run(models, "mobilenet_v1", all=1.5)
    result = refine([run], models, _TARGET, "board.toml")
    changes: tuple[Change, ...] = result.profile.cpu
    assert changes
    assert all(result.meanings[change.name] for change in changes)
