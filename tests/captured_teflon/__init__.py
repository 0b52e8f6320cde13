"""Builds `captured_teflon.c`, a stand-in for libteflon, for the capture of one model.

It holds LiteRT to the partitions of a board: with `experimental_preserve_all_tensors`, LiteRT 2.3 gives every operator
that a delegate claims a partition of its own. No capture has such partitions, so the library then stops.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import compiling_c
import npufit
from npufit.execution.capture import read_capture
from real_files import find_capture, find_model

_SOURCE = Path(__file__).with_name("captured_teflon.c")


def build_library(capture: str, folder: Path, *macros: str, change: Callable[[bytes], bytes] = bytes) -> Path:
    """Return a library in `folder` that runs the model of `capture` as Mesa's driver did; skips without a C compiler.

    `macros` are CRASH_AT_OPERATOR=N, CRASH_IN_PREPARE, HANG_IN_PREPARE, CRASH_IN_INVOKE or EMPTY_BUFFER, which asks for
    a buffer that Linux refuses; `change` is made to each stream before it is submitted.
    """
    header = folder / "partitions.h"
    header.write_text(_header(capture, folder, change))
    defines = (f'-DPARTITIONS="{header}"', *(f"-D{macro}" for macro in macros))
    return compiling_c.build_library(_SOURCE, folder / "libteflon.so", *defines)


def _header(capture: str, folder: Path, change: Callable[[bytes], bytes]) -> str:
    """Return the partitions of a capture as C, and write their streams and coefficients into `folder`."""
    source = find_capture(capture)
    model = npufit.load(find_model(f"{capture}.tflite"))
    table, *logs = (source / "teflon.log").read_text().split("teflon: compiling graph")
    partitions = read_capture(source, model)
    lines = [f"static const char support_table[] = {json.dumps(table)};"]
    rows: list[str] = []
    for number, (partition, log) in enumerate(zip(partitions, logs, strict=True)):
        stream, coefficients = folder / f"stream{number}.bin", folder / f"coefficients{number}.bin"
        stream.write_bytes(change(partition.submission.stream))
        coefficients.write_bytes(partition.submission.coefficients)
        layout = partition.layout
        leaving = [slot for slot in layout.slots if slot.tensor in layout.outputs]
        crossing = [
            [f"{{{slot.tensor}, {slot.offset}, {model.main.tensors[slot.tensor].size_bytes}}}" for slot in slots]
            for slots in (layout.entering, leaving)
        ]
        lines += [
            _array("int", f"operators{number}", [str(index) for index in layout.operators]),
            _array("struct slot", f"inputs{number}", crossing[0]),
            _array("struct slot", f"outputs{number}", crossing[1]),
        ]
        sizes = len(partition.submission.io), partition.submission.sram_bytes
        counts = len(layout.operators), len(crossing[0]), len(crossing[1])
        said = json.dumps(f"teflon: compiling graph{log.partition('PLAN_NODES')[0]}")
        fields = [said, json.dumps(str(stream)), json.dumps(str(coefficients)), *map(str, (*sizes, *counts))]
        rows.append(f"{{{', '.join(fields)}, operators{number}, inputs{number}, outputs{number}}}")
    return "\n".join([*lines, _array("struct partition", "partitions", rows), ""])


def _array(kind: str, name: str, values: Sequence[str]) -> str:
    return f"static const {kind} {name}[] = {{{', '.join(values)}}};"
