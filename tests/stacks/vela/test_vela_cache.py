"""The cache: what it saves and what it survives. A limit of no time proves that Vela did not run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from networks.chains import chain
from npufit.errors import ToolError
from npufit.stacks.vela import cache
from npufit.stacks.vela.cache import cache_key, load_entry, store_entry
from stacks.vela.on_vela import place

NO_TIME_S = 0.001


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache folder that is used in the test."""
    monkeypatch.setenv("NPUFIT_CACHE_DIR", str(tmp_path))
    return tmp_path / "vela"


def test_a_second_placement_does_not_run_vela(folder: Path) -> None:
    model = chain("RELU", "SQUARE", "SOFTMAX")
    with pytest.raises(ToolError):
        place(model, time_limit_s=NO_TIME_S)
    first = place(model)
    assert place(model, time_limit_s=NO_TIME_S) == first
    assert len(list(folder.iterdir())) == 1


def test_other_content_runs_vela(folder: Path) -> None:
    place(chain("RELU"))
    with pytest.raises(ToolError):
        place(chain("ABS"), time_limit_s=NO_TIME_S)


def test_other_settings_run_vela(folder: Path) -> None:
    place(chain("RELU"))
    with pytest.raises(ToolError):
        place(chain("RELU"), settings=(("optimise", "Size"),), time_limit_s=NO_TIME_S)


def test_names_are_no_content(folder: Path) -> None:
    place(chain("SQUARE", prefix="a"))
    placement = place(chain("SQUARE", prefix="b"), time_limit_s=NO_TIME_S)
    assert str(placement.operators[0].unit) == "cpu"


def test_the_cache_can_be_left_alone(folder: Path) -> None:
    place(chain("RELU"), use_cache=False)
    assert not folder.exists()
    place(chain("RELU"))
    with pytest.raises(ToolError):
        place(chain("RELU"), use_cache=False, time_limit_s=NO_TIME_S)


def _cut(data: bytes) -> bytes:
    return data[:-1]


def _changed(data: bytes) -> bytes:
    return data[:40] + bytes([data[40] ^ 1]) + data[41:]


def _emptied(data: bytes) -> bytes:
    return data[:0]


@pytest.mark.parametrize("damage", [_cut, _changed, _emptied])
def test_a_damaged_entry_is_made_again(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    first = place(chain("RELU"))
    (entry,) = folder.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    with pytest.raises(ToolError):
        place(chain("RELU"), time_limit_s=NO_TIME_S)
    assert not entry.exists()
    assert place(chain("RELU")) == first


def test_an_entry_of_another_form_is_made_again(folder: Path) -> None:
    first = place(chain("RELU"))
    (entry,) = folder.iterdir()
    store_entry(entry.stem, b"{}\n")
    assert place(chain("RELU")) == first


def test_the_entries_used_longest_ago_go_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, key in enumerate(("new", "middle", "old")):
        store_entry(key, bytes(1000))
        os.utime(folder / f"{key}.vela", (1_000_000 - age, 1_000_000 - age))
    assert load_entry("old") == bytes(1000)
    monkeypatch.setattr(cache, "LIMIT_BYTES", 3 * 1032)
    store_entry("newest", bytes(1000))
    assert {path.stem for path in folder.iterdir()} == {"new", "old", "newest"}


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("NPUFIT_CACHE_DIR", str(in_the_way))
    assert [str(operator.unit) for operator in place(chain("RELU")).operators] == ["npu"]


def test_keys_depend_on_every_part() -> None:
    keys = {cache_key(b"a", "b", "c"), cache_key(b"a", "bc"), cache_key(b"ab", "c"), cache_key(b"a", "c", "b")}
    assert len(keys) == 4


def test_the_folder_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NPUFIT_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store_entry("key", b"data")
    assert [path.name for path in (tmp_path / "npufit" / "vela").iterdir()] == ["key.vela"]
