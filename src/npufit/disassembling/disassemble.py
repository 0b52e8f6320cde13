"""Disassemble: the command streams of a file, a capture or a model, and whether a Linux kernel would accept them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from npufit.disassembling.streams import CommandStream, judge_stream, read_streams, streams_of
from npufit.errors import InputError
from npufit.ethosu import parse_kernel
from npufit.graph import Model
from npufit.loading import ZOO_PREFIX, ModelSource, load
from npufit.stacks import PlaceOptions, Target, compiling_stack, resolve_target


@dataclass(frozen=True, slots=True)
class DisassembleOptions:
    """Options of a disassembly.

    `kernel` is a release of Linux (`7.1`) whose ethosu driver judges each stream. `target`, such as `imx93/vela`,
    compiles a model that is not yet compiled, with the settings in `place`.
    """

    kernel: str | None = None
    target: str | Target | None = None
    place: PlaceOptions = field(default_factory=PlaceOptions)


@dataclass(frozen=True, slots=True)
class DisassembleResult:
    """The command streams, each with the kernel's verdict if one was requested."""

    streams: tuple[CommandStream, ...]

    @property
    def is_accepted(self) -> bool:
        """False if the kernel refuses a stream; True also if no kernel was given."""
        return all(stream.verdict is None or stream.verdict.accepted is not False for stream in self.streams)


def disassemble(source: ModelSource, options: DisassembleOptions | None = None) -> DisassembleResult:
    """Return the Ethos-U command streams of `source`; each decodes itself on demand.

    `source` is a model or `.tflite` file that Vela compiled, a raw stream (`.bin`, also `.xz`, with or without the
    driver header COP1), or a folder with captured submissions of Mesa's driver; with `options.target` any model.

    Raises InputError if there is no stream, if it is damaged or for the Ethos-U85, or if the kernel is unknown or does
    not drive its NPU; ToolError if Vela fails.

    >>> import npufit
    >>> options = npufit.DisassembleOptions(kernel="7.3", target="imx93/vela")
    >>> (stream,) = npufit.disassemble("zoo:mlperf_tiny_kws", options).streams
    >>> stream.instructions()[-1].name, stream.verdict.accepted
    ('STOP', True)
    """
    options = options or DisassembleOptions()
    kernel = None if options.kernel is None else parse_kernel(options.kernel)
    streams = _streams(source, options)
    if kernel is not None:
        streams = tuple(replace(stream, verdict=judge_stream(stream, kernel)) for stream in streams)
    return DisassembleResult(streams)


def _streams(source: ModelSource, options: DisassembleOptions) -> tuple[CommandStream, ...]:
    if options.target is not None:
        return streams_of(_compiled(load(source), options.target, options.place))
    if isinstance(source, Model):
        return streams_of(source)
    if isinstance(source, str) and source.startswith(ZOO_PREFIX):
        return streams_of(load(source))
    return read_streams(Path(source))


def _compiled(model: Model, target: str | Target, place: PlaceOptions) -> Model:
    from npufit.stacks.vela import is_precompiled
    from npufit.tflite import parse_model

    if is_precompiled(model):
        return model
    resolved = target if isinstance(target, Target) else resolve_target(target, place.vela)
    stack = compiling_stack(resolved)
    if stack is None:
        raise InputError(f"{resolved}: only Vela compiles to streams here. Give -t imx93/vela or -t imx93/direct.")
    return parse_model(stack.compile(model, resolved, place).compiled, f"{model.name} compiled by Vela")
