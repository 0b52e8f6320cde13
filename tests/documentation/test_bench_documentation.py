"""What the page on bench shows is what the program prints of measurements that were really made, and kept here."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from boards.fake_boards import write_board
from npufit.boards import BoardFacts
from npufit.measurements import read_measurements
from npufit.measuring import probe_board
from npufit.report import Page
from npufit.report.bench import bench_text, probe_document, probe_text, shown_document
from real_files import REPOSITORY

_PAGE = REPOSITORY / "docs" / "bench.md"
_FOLDERS = (Path(__file__).parent / "measurements", REPOSITORY / "tests" / "replay" / "files" / "measurements")
_BLOCK = re.compile(
    r"(?<=^```\n)(\$ npufit bench [^\n]*)\n((?:(?!^```$).)*?^File +(\S+\.json) .*?)(?=^```$)", re.S | re.M
)
"""A command, what it prints, and the file that it names."""


def test_the_page_shows_what_the_program_prints() -> None:
    text = _PAGE.read_text(encoding="utf-8")
    shown = _BLOCK.findall(text)
    assert len(shown) >= 4
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        _PAGE.write_text(
            _BLOCK.sub(lambda block: f"{block[1]}\n{_printed(block[1], block[3])}", text), encoding="utf-8"
        )
        return
    for command, output, name in shown:
        assert output == _printed(command, name), "stale: run `make docs`"


def _printed(command: str, name: str) -> str:
    [saved] = read_measurements(next(folder / name for folder in _FOLDERS if (folder / name).exists())).found
    _, _, rest = command.partition("--on ")
    document = shown_document([saved.measurement], [name])
    return f"{bench_text(document, Page(width=100), on=rest.partition(' ')[0])}\n"


def test_the_page_shows_what_a_probe_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_board("imx93-bsp", tmp_path)
    monkeypatch.setenv("NPUFIT_BOARD_ROOT", str(root))
    facts = _without_root(probe_board("local"), root)
    command = "$ npufit bench --on ssh://root@board --probe"
    current = f"{command}\n{probe_text(probe_document(facts), Page(width=100), on='ssh://root@board')}\n"
    text = _PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(command)
    shown, fence, after = rest.partition("```")
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        _PAGE.write_text(f"{before}{current}{fence}{after}", encoding="utf-8")
        return
    assert f"{command}{shown}" == current, "stale: run `make docs`"


def _without_root(facts: BoardFacts, root: Path) -> BoardFacts:
    """Return `facts` with the paths that they have on a board."""
    files = tuple(replace(file, path=file.path.removeprefix(str(root))) for file in facts.files)
    nodes = tuple(replace(node, owner="root", group="root", can_open=True) for node in facts.nodes)
    return replace(facts, files=files, nodes=nodes, is_root=True)
