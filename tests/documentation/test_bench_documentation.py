"""What the page on bench shows is what the program prints."""

from __future__ import annotations

import os

from npufit.measurements import read_measurements
from npufit.report import Page
from npufit.report.bench import bench_text, shown_document
from real_files import REPOSITORY

_PAGE = REPOSITORY / "docs" / "bench.md"
_FILES = REPOSITORY / "tests" / "replay" / "files" / "measurements"
_PROMPT = "```\n$ npufit bench --show "


def test_the_page_shows_what_show_prints() -> None:
    text = _PAGE.read_text(encoding="utf-8")
    before, prompt, rest = text.partition(_PROMPT)
    assert prompt
    name, _, rest = rest.partition("\n")
    shown, fence, after = rest.partition("```")
    [saved] = read_measurements(_FILES / name).found
    current = f"{bench_text(shown_document([saved.measurement], [name]), Page(width=100))}\n"
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        _PAGE.write_text(f"{before}{prompt}{name}\n{current}{fence}{after}", encoding="utf-8")
        return
    assert shown == current, "stale: run `make docs`"
