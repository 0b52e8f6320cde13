"""What `npufit probe` answers in each of its modes: a probe, and what stands on one."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from npufit.cli import exit_codes

if TYPE_CHECKING:
    from npufit.probing import ProbeOptions
    from npufit.probing.asking import Subject
    from npufit.probing.differences import ConverterDifference
    from npufit.probing.explaining import ExplainOptions
    from npufit.probing.shrinking import ShrinkOptions
    from npufit.report import Page


@dataclass(frozen=True, slots=True)
class Reply:
    """What a mode has to say, in every form that it has; each form is made when it is asked for.

    `text` takes the page, and whether to tell everything.
    """

    document: object
    text: Callable[[Page, bool], str]
    markdown: Callable[[], str] | None = None
    page: Callable[[], str] | None = None
    exit_code: int = exit_codes.FINE


class _Stage(StrEnum):
    """What the progress bar shows."""

    ASKING = "asking"
    SHRINKING = "shrinking"


def probe_reply(subject: Subject, options: ProbeOptions, rules: Path | None) -> Reply:
    """Return the limits of one converter; write them to the file `rules`, if there is one."""
    from npufit.cli.output import write
    from npufit.probing import probe
    from npufit.report.probe import probe_document, probe_markdown, probe_page, probe_text
    from npufit.stacks.probed import rule_text

    started = time.monotonic()
    with _progress(options, _Stage.ASKING) as shown:
        result = probe(subject, shown)
    seconds = time.monotonic() - started
    is_interrupted = _tell_kept(result.ended_by, options)
    if rules is not None:
        write(rule_text(result.rules), rules)
    document, written = probe_document(result), "" if rules is None else str(rules)
    return Reply(
        document=document,
        text=lambda page, everything: probe_text(document, page, everything=everything, seconds=seconds, rules=written),
        markdown=lambda: probe_markdown(document),
        page=lambda: probe_page(result),
        exit_code=exit_codes.INTERRUPTED if is_interrupted else exit_codes.FINE,
    )


def difference_reply(first: Subject, second: Subject, options: ProbeOptions, models: Path | None) -> Reply:
    """Return what two converters do differently; write the models that show it to the folder `models`."""
    from npufit.probing.differences import compare_converters
    from npufit.report.probe import difference_document, difference_markdown, difference_text

    with _progress(options, _Stage.ASKING) as shown:
        result = compare_converters(first, second, shown)
    written = {} if models is None else _save_examples(result, models)
    is_interrupted = _tell_kept(result.ended_by, options)
    document = difference_document(result, written)
    return Reply(
        document=document,
        text=lambda page, everything: difference_text(document, page, everything=everything),
        markdown=lambda: difference_markdown(document),
        exit_code=exit_codes.INTERRUPTED if is_interrupted else exit_codes.FINE,
    )


def _save_examples(result: ConverterDifference, folder: Path) -> dict[int, str]:
    """Write the smallest model of each difference, and return the files by its index."""
    from npufit.files import make_folder
    from npufit.loading import save

    make_folder(folder)
    written: dict[int, str] = {}
    for index, difference in enumerate(result.differences):
        path = folder / f"{index:02}-{difference.operator.lower()}.tflite"
        save(difference.example.model, path, overwrite=True)
        written[index] = str(path)
    return written


def explain_reply(model: str, target: str, options: ExplainOptions, models: Path | None) -> Reply:
    """Return which hypotheses agree with what was seen of the converter, and the next experiment.

    Its experiments are written to the folder `models`, if there is one.
    """
    from npufit.cli.output import sign_of_life
    from npufit.files import make_folder
    from npufit.probing.explaining import explain
    from npufit.report.probe import explain_document, explain_text

    with sign_of_life("explaining"):
        result = explain(model, target, options)
    if models is not None:
        make_folder(models)
        for path in result.save_models(models, overwrite=True):
            click.echo(f"npufit: written: {path}", err=True)
    document = explain_document(result)
    return Reply(document, lambda page, everything: explain_text(document, page, everything=everything))


def shrink_reply(model: str, subject: Subject, options: ShrinkOptions, output: Path | None) -> Reply:
    """Return the smallest model that still fails; write it to the file `output`, if there is one."""
    from npufit.files import require_not_source, require_output_file
    from npufit.loading import save
    from npufit.probing.shrinking import shrink
    from npufit.report.probe import shrink_document, shrink_text

    if output is not None:
        require_output_file(output, overwrite=True)
        require_not_source(output, model)
    with _progress(options.probe, _Stage.SHRINKING) as shown:
        result = shrink(model, subject, replace(options, probe=shown))
    if output is not None:
        save(result.model, output, overwrite=True)
    document = shrink_document(result, None if output is None else str(output))
    return Reply(document, lambda page, everything: shrink_text(document, page, everything=everything))


def _tell_kept(ended_by: str, options: ProbeOptions) -> bool:
    """Return whether the user ended the questions; say then that the answers are kept."""
    from npufit.probing.asking import INTERRUPTED

    is_interrupted = ended_by == INTERRUPTED
    if is_interrupted and options.use_cache:
        click.echo("npufit: answers are kept; the same command continues from there", err=True)
    return is_interrupted


@contextmanager
def _progress(options: ProbeOptions, stage: _Stage) -> Generator[ProbeOptions]:
    """Yield the options with a progress bar."""
    from npufit.cli.progress import progress_bar

    with progress_bar() as tell:

        def progress(done: int, total: int, failed: int, /) -> None:
            tell(stage, done, total, failed)

        yield replace(options, progress=progress)
