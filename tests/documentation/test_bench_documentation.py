"""What the page on bench shows is what the program prints of measurements that were really made, and kept here."""

from __future__ import annotations

import os
import re
from pathlib import Path

from npufit.measurements import read_measurements
from npufit.report import Page
from npufit.report.bench import bench_text, shown_document
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
