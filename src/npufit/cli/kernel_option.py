"""`npufit run --kernel`: would the mainline driver accept what is going to be executed?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from npufit.errors import InputError

if TYPE_CHECKING:
    from npufit.graph import Model
    from npufit.stacks import PlaceOptions


def kernel_verdicts(
    release: str, network: Model, target: str | None, capture: Path | None, place: PlaceOptions
) -> tuple[str, bool]:
    """Return the verdicts on the streams as text, and whether all of them may be accepted.

    Raises InputError where `release` is none that has the driver, or where nothing runs on an Ethos-U65.
    """
    from npufit.disassembling.streams import judge_stream, read_streams, streams_of
    from npufit.ethosu.kernel import parse_kernel
    from npufit.report.disassemble.text import verdict_text
    from npufit.stacks import resolve_target
    from npufit.stacks.vela import compile_model, is_precompiled
    from npufit.tflite import parse_model

    kernel = parse_kernel(release)
    if capture is not None:
        streams = read_streams(capture)
    elif target is None:
        raise InputError("--kernel belongs to -t imx93/vela or --capture: the CPU has no command stream.")
    elif is_precompiled(network):
        streams = streams_of(network)
    else:
        compiled = compile_model(network, resolve_target(target, place.vela), place).compiled
        streams = streams_of(parse_model(compiled, f"{network.name} compiled by Vela"))
    verdicts = [judge_stream(stream, kernel) for stream in streams]
    lines = [f"{stream.name}: {verdict_text(verdict)}" for stream, verdict in zip(streams, verdicts, strict=True)]
    return "\n".join(lines), all(verdict.accepted is not False for verdict in verdicts)
