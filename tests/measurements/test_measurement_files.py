"""Files of measurements: written and read again, found by their model, merged by copying, and refused if damaged."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npufit
from measurements.made_measurements import LAPTOP, consistent, contradicted, model_of, proven, unknown_on_laptop
from npufit.errors import InputError
from npufit.graph import Buffer, Model
from npufit.measurements import (
    Measurement,
    anonymous,
    content_digest,
    default_folder,
    measurement_bytes,
    measurements_of,
    model_digest,
    parse_measurement,
    read_measurements,
    structure_digest,
    write_measurement,
)
from npufit.report.schema import measurement_schema

_MODELS = Path(__file__).parents[1] / "models"
_KEYWORDS = _MODELS / "kws_ref_model.tflite"


@pytest.fixture(scope="module")
def network() -> Model:
    return npufit.load(_KEYWORDS)


@pytest.fixture(scope="module")
def all_kinds(network: Model) -> tuple[Measurement, ...]:
    return tuple(make(model_of(network)) for make in (proven, contradicted, unknown_on_laptop, consistent))


def test_what_is_written_is_read_again(tmp_path: Path, all_kinds: tuple[Measurement, ...]) -> None:
    for measurement in all_kinds:
        path = write_measurement(tmp_path, measurement)
        (saved,) = read_measurements(path).found
        assert saved.measurement.proof == measurement.proof
        assert measurement_bytes(saved.measurement) == path.read_bytes(), "the same measurement gives the same bytes"
        assert saved.digest == content_digest(path.read_bytes())
        jsonschema.validate(json.loads(path.read_bytes()), measurement_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"npufit_measurement": 2}, measurement_schema())


def test_folders_of_several_people_merge_by_copying(tmp_path: Path, all_kinds: tuple[Measurement, ...]) -> None:
    mine, hers = tmp_path / "mine", tmp_path / "mine" / "hers"
    for measurement in all_kinds:
        write_measurement(mine, measurement)
        write_measurement(mine, measurement)
        write_measurement(hers, measurement)
    write_measurement(hers, replace(all_kinds[0], day="2026-12-01"))
    (mine / "notes.json").write_text("{}")
    (mine / "README").write_text("not mine")
    read = read_measurements(mine)
    assert len(read.found) == len(all_kinds) + 1, "each content counts once, and other files are left alone"
    assert read.refused == ()


def test_a_changed_file_is_refused_and_changed_line_ends_are_not(tmp_path: Path, network: Model) -> None:
    path = write_measurement(tmp_path, proven(model_of(network)))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\n", b"\r\n"))
    assert len(read_measurements(tmp_path).found) == 1
    path.write_bytes(data.replace(b'"ms": 3.78', b'"ms": 1.78'))
    read = read_measurements(tmp_path)
    assert read.found == ()
    assert "changed after npufit wrote it" in read.refused[0]
    assert path.name in read.refused[0]


def _changed(measurement: Measurement, **values: Any) -> bytes:
    """Return a file whose content has other values; a key of two words is one of an entry inside."""
    content = json.loads(measurement_bytes(measurement))
    for key, value in values.items():
        place, _, name = key.rpartition("__")
        (content[place] if place else content)[name] = value
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"npufit_measurement": 2}, "form 2, which this version of npufit does not know"),
        ({"npufit_measurement": True}, "'npufit_measurement' is missing"),
        ({"npu__ms": -1}, "npu.ms is -1"),
        ({"npu__first_ms": 1e9}, "npu.first_ms is 1e+09, expected 0 to 1e+07"),
        ({"day": "yesterday"}, "day is 'yesterday', expected a day"),
        ({"model__sha256": "../../../etc/passwd"}, "model.sha256 is"),
        ({"proof__verdict": "contradicted"}, "its proof says that the NPU did not run"),
        ({"proof__verdict": "certain"}, "proof.verdict: Input should be"),
        ({"settings__threads": "4"}, "settings.threads: Input should be a valid integer"),
        ({"log": ["x" * 3000]}, "log has 3000 characters"),
        ({"log": ["x"] * 30_000}, "log has 30000 entries"),
        ({"board__label": "\x1b[2J"}, "board.label has characters that cannot be printed"),
        ({"board": []}, "board: Input should be"),
        ({"model": None}, "model.name is missing"),
    ],
)
def test_what_no_measurement_says_is_refused(network: Model, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_measurement(_changed(proven(model_of(network)), **change))
    assert said in str(raised.value)


def test_unknown_keys_of_later_versions_are_ignored(network: Model) -> None:
    measurement = proven(model_of(network))
    data = _changed(measurement, energy_mj=3.2, board__colour="green")
    assert measurement_bytes(parse_measurement(data)) == measurement_bytes(measurement)


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(lambda x: repr(x).encode())
)
def test_arbitrary_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(InputError):
        parse_measurement(data)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200)
@given(st.data())
def test_a_file_with_anything_in_it_is_read_or_refused_in_words(all_kinds: tuple[Measurement, ...], data: Any) -> None:
    content: Any = json.loads(measurement_bytes(data.draw(st.sampled_from(all_kinds))))
    place = content
    while isinstance(place, dict | list) and place:
        keys: Any = list(place) if isinstance(place, dict) else range(len(place))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(_ANYTHING)
            break
        place = place[key]  # pyright: ignore[reportUnknownVariableType]
    try:
        found = parse_measurement(json.dumps(content).encode())
    except InputError:
        return
    assert parse_measurement(measurement_bytes(anonymous(found))).model.structure == found.model.structure


def test_files_that_a_folder_cannot_contain_are_refused(tmp_path: Path, network: Model) -> None:
    name = f"{'0' * 16}-{'1' * 16}.json"
    (tmp_path / name).write_bytes(b"[" * (5 << 20))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / name).write_bytes(b"[" * 100_000)
    os.mkfifo(tmp_path / f"{'2' * 16}-{'3' * 16}.json")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    good = write_measurement(tmp_path / "1" / "2" / "3", proven(model_of(network)))
    write_measurement(tmp_path / "1" / "2" / "3" / "4" / "5", contradicted(model_of(network)))
    read = read_measurements(tmp_path)
    assert [saved.path for saved in read.found] == [good], "links are not followed, and what lies deep is left alone"
    assert len(read.refused) == 2
    with pytest.raises(InputError, match="no such file or folder of measurements"):
        read_measurements(tmp_path / "nowhere")


def test_a_model_finds_its_measurements(tmp_path: Path, network: Model) -> None:
    of_file = replace(model_of(network), sha256=model_digest(network, _KEYWORDS))
    retrained = replace(model_of(network), sha256="ab" * 32)
    write_measurement(tmp_path, proven(of_file))
    write_measurement(tmp_path, replace(contradicted(of_file), day="2026-11-23"))
    write_measurement(tmp_path, proven(retrained))
    write_measurement(tmp_path, proven(replace(retrained, structure="cd" * 32)))
    found = measurements_of(network, _KEYWORDS, [tmp_path, tmp_path / "nowhere"]).found
    days = [(entry.is_same_model, entry.saved.measurement.day) for entry in found]
    assert days == [(True, "2026-11-23"), (True, "2026-11-22"), (False, "2026-11-22")]


def test_a_compiled_file_finds_what_was_measured_of_its_source(tmp_path: Path, network: Model) -> None:
    compiled = replace(model_of(network), sha256="ab" * 32, structure="cd" * 32, compiled_sha256=model_digest(network))
    write_measurement(tmp_path, proven(compiled))
    assert [entry.is_same_model for entry in measurements_of(network, None, [tmp_path]).found] == [True]


def test_a_damaged_file_of_the_model_is_named(tmp_path: Path, network: Model) -> None:
    path = write_measurement(tmp_path, proven(model_of(network)))
    path.write_bytes(path.read_bytes() + b" ")
    found = measurements_of(network, None, [tmp_path])
    assert found.found == ()
    assert "changed after" in found.refused[0]


def test_the_structure_is_the_same_after_training_and_another_one_at_another_size(network: Model) -> None:
    def trained(tensor: Any) -> Any:
        if not tensor.is_constant:
            return replace(tensor, name=f"v2/{tensor.name}")
        return replace(tensor, name="", buffer=Buffer(bytes(len(tensor.buffer.data))))

    (subgraph,) = network.subgraphs
    other = replace(network, subgraphs=(replace(subgraph, tensors=tuple(map(trained, subgraph.tensors))),))
    assert structure_digest(other) == structure_digest(network)
    assert model_digest(other) != model_digest(network)
    sizes = {structure_digest(npufit.load(f"zoo:mobilenet_v1@{size},int8")) for size in (96, 128)}
    assert len(sizes) == 2


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path, network: Model) -> None:
    copy = shutil.copy(_KEYWORDS, tmp_path / "copy.tflite")
    assert model_digest(network, copy) == model_digest(network, _KEYWORDS)
    with pytest.raises(InputError, match="cannot be read"):
        model_digest(network, tmp_path / "gone.tflite")


def test_the_default_folder_is_the_users_data_and_not_a_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert default_folder().is_relative_to(Path(str(tmp_path.parents[1]))), "tests do not see those of the user"
    monkeypatch.delenv("NPUFIT_MEASUREMENTS")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".local" / "share" / "npufit" / "measurements"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_folder() == tmp_path / "data" / "npufit" / "measurements"


def test_a_pc_is_no_chip_whatever_target_it_was_given() -> None:
    """As under a virtual NPU: its times are neither the chip's CPU's nor its NPU's."""
    made = proven(model_of(npufit.load(_KEYWORDS)))
    assert made.chip == "imx93"
    assert replace(made, board=replace(made.board, chip="")).chip == "imx93"
    assert replace(made, board=LAPTOP).chip == ""
