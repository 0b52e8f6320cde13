"""What users observed, logs and converted files, counts like the public conversions."""

from __future__ import annotations

from pathlib import Path

import pytest

import npufit
from npufit.stacks.neutron.hypotheses import SourceNetwork, counted_bounds, exact_bounds, release_named
from npufit.tflite import serialize_model
from stacks.neutron.stand_in_converter import Convention, convert_model

_SMALL = "zoo:mobilenet_v2@96,int8,io=int8"


@pytest.fixture(autouse=True)
def without_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take care that no converter is found on this machine's PATH."""
    monkeypatch.setenv("PATH", "")


def _log(imported: int, total: int, converted: list[int], version: str = "3.1.2") -> str:
    return (
        f"Neutron Converter Version: {version}\nConverting model with the following options:\n  Target = imx95\n"
        f"  Number of operators after import    = {imported}\n"
        f"  Number of operators after optimize  = {total}\n"
        f"    Number of operators converted     = {len(converted)}\n"
        f"  Operator conversion ratio           = {len(converted)} / {total} = 0.5\n"
        f"  Operators converted                 = {','.join(map(str, converted))},\n"
    )


def test_a_log_of_another_release_decides_about_that_release() -> None:
    options = npufit.ExplainOptions(log=_log(69, 69, list(range(53, 69))))
    result = npufit.explain(_SMALL, "imx95/neutron@3.1", options)
    assert [entry.release for entry in result.seen] == ["3.1"]
    assert {"tensor-bytes", "weights"} <= {entry.hypothesis.name for entry in result.ruled_out}
    assert "N5" in {entry.hypothesis.name for entry in result.open_hypotheses}
    assert "N3" in {entry.hypothesis.name for entry in result.ruled_out}  # the end starts one operator after a segment
    assert not result.is_complete


def test_a_log_of_everything_leaves_nothing_to_explain() -> None:
    result = npufit.explain(_SMALL, "imx95/neutron@3.1", npufit.ExplainOptions(log=_log(69, 69, list(range(69)))))
    assert result.is_complete
    assert not result.plan


def test_the_converted_file_counts_as_well(tmp_path: Path) -> None:
    model = npufit.load(_SMALL)
    converted = convert_model(model, Convention(left_operators=frozenset(range(53)), version="3.1.2"))
    path = tmp_path / "converted.tflite"
    path.write_bytes(serialize_model(converted.model))
    options = npufit.ExplainOptions(observed=((model, path),))
    result = npufit.explain("zoo:mobilenet_v2@320,int8", "imx95/neutron@3.1", options)
    (seen,) = result.seen
    assert seen.bounds.lost == frozenset(range(53))
    assert seen.bounds.converted == frozenset(range(53, 69))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing of the converter", "no operator counts"),
        (_log(70, 88, list(range(10))), "70 operators after import"),
    ],
)
def test_a_log_that_says_nothing_about_the_model_is_refused(text: str, said: str) -> None:
    with pytest.raises(npufit.InputError, match=said):
        npufit.explain(_SMALL, "imx95/neutron", npufit.ExplainOptions(log=text))


def test_counts_after_an_optimization_are_bounds() -> None:
    network = SourceNetwork(npufit.load("zoo:mobilenet_v2@320,int8"), "network", release_named("1.16"))
    bounds = counted_bounds(network, 88, 22, range(66, 88))
    assert bounds.most == 22
    assert bounds.lost
    assert max(bounds.lost) < 66
    assert not bounds.lost & bounds.converted
    everything = counted_bounds(network, 71, 71, range(71))
    assert not everything.lost
    assert everything.converted >= network.expected
    assert exact_bounds(network, frozenset({0}), frozenset({1})).most == 70


def test_models_of_the_experiments_are_written(tmp_path: Path) -> None:
    result = npufit.explain("zoo:mobilenet_v2@320,int8", "imx95/neutron")
    paths = result.save_models(tmp_path)
    assert len(paths) == sum(planned.experiment.kind.changes_the_file for planned in result.plan)
    for path in paths:
        model = npufit.load(path)
        assert model.main.operators
        assert all(tensor.shape for tensor in model.main.tensors)
