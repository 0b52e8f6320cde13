"""What `npufit probe A B` answers: what two converters do differently."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from npufit.cli import exit_codes
from npufit.cli.probe_replies import INTERRUPTED, Reply, shown_progress

if TYPE_CHECKING:
    from npufit.probing import ProbeOptions
    from npufit.probing.asking import Subject
    from npufit.probing.differences import ConverterDifference


def difference_reply(first: Subject, second: Subject, options: ProbeOptions, models: Path | None) -> Reply:
    """Return what two converters do differently; write the smallest models to the folder `models`, if there is one."""
    from npufit.probing.differences import compare_converters
    from npufit.report.probe import difference_document, difference_markdown, difference_text

    with shown_progress(options) as shown:
        result = compare_converters(first, second, shown)
    document = difference_document(result, {} if models is None else _write_examples(result, models))
    return Reply(
        document=document,
        text=lambda page, everything: difference_text(document, page, everything=everything),
        markdown=lambda: difference_markdown(document),
        exit_code=exit_codes.INTERRUPTED if result.ended_by == INTERRUPTED else exit_codes.FINE,
    )


def _write_examples(result: ConverterDifference, folder: Path) -> dict[int, str]:
    """Write the smallest model of each difference; return the files by its index. Raises InputError."""
    from npufit.files import make_folder, write_file
    from npufit.tflite import serialize_model

    make_folder(folder)
    files: dict[int, str] = {}
    for index, difference in enumerate(result.differences):
        quantity = difference.limit.quantity.replace("*", "_x_") if difference.limit is not None else "type"
        file = folder / f"{index:02}_{difference.operator.lower()}_{quantity}.tflite"
        write_file(file, serialize_model(difference.example.model), overwrite=True)
        files[index] = str(file)
    return files
