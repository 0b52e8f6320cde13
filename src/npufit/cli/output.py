"""Where output goes: terminal or file, with or without colour; and a spinner during long work."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import click

from npufit.files import require_not_source, require_output_file, write_file
from npufit.report import Page

_PATIENCE_S = 1.0
_PIPE_WIDTH = 100


def page_for(color: str, *, to_file: bool = False) -> Page:
    """Return the page for standard output: `color` is auto, always or never; NO_COLOR turns auto off."""
    terminal = sys.stdout.isatty() and not to_file
    colored = color == "always" or (color == "auto" and terminal and not os.environ.get("NO_COLOR"))
    width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns if terminal or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Page(width=max(60, min(width, 140)), color=colored)


def write(text: str, output: Path | None, color: bool = False) -> None:
    """Write `text` to the file `output`, or to standard output. Raises InputError if that fails."""
    if output is None:
        click.echo(text, color=color)
        return
    content = text if text.endswith("\n") else text + "\n"
    write_file(output, content.encode(), overwrite=True)


def require_page_file(page: Path | None, *models: str | None) -> None:
    """Raise InputError, before any work, if the file `page` cannot be written or would replace one of `models`."""
    if page is None:
        return
    require_output_file(page, overwrite=True)
    for model in models:
        if model is not None:
            require_not_source(page, model)


@contextlib.contextmanager
def sign_of_life(message: str) -> Generator[None]:
    """Show a spinner with `message` on a terminal's standard error once the work takes over a second."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    spinner = threading.Thread(target=_spin, args=(message, done), daemon=True)
    spinner.start()
    try:
        yield
    finally:
        done.set()
        spinner.join()


def _spin(message: str, done: threading.Event) -> None:
    if done.wait(_PATIENCE_S):
        return
    from rich.console import Console

    with Console(stderr=True).status(message):
        done.wait()
