"""A converter that is any command line: its answer is in what it prints, or in the file that it writes."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from npufit.child_process import Ended, end_words, identify_command, run_child, tool_end
from npufit.errors import InputError, ToolEnd, ToolError
from npufit.files import read_bounded
from npufit.formatting import printable, shorten
from npufit.graph import NO_TENSOR, Model
from npufit.probing.asking.answer import Answer, End, last_words
from npufit.probing.asking.converter import Conversion
from npufit.probing.options import Command
from npufit.stacks import ConverterCall, Unit, trace_calls

INPUT, OUTPUT = "{input}", "{output}"
"""What stands for the model's file and for the file to write."""

_HELPERS = frozenset({"QUANTIZE", "DEQUANTIZE", "CAST", "RESHAPE", "TRANSPOSE", "PAD"})
"""What converters add on the CPU to adapt tensors to their calls: not the operators of the source."""

_MOST_PRINTED_BYTES = 3 << 20
_MOST_FILE_BYTES = 1 << 30
_MOST_LINE = 1000
_SHOWN = 400


@dataclass(frozen=True, slots=True)
class CommandConverter:
    """A converter that runs as `command`, each time in a new process and folder, without a shell.

    `memory_bytes` limits its address space, `time_limit_s` its time.
    """

    command: Command
    time_limit_s: float
    memory_bytes: int

    @property
    def name(self) -> str:
        """The command, shortened."""
        return shorten(" ".join(self.command.words), _SHOWN)

    @property
    def version(self) -> str:
        """What the user says of it."""
        return self.command.version

    def identify(self) -> tuple[str, ...]:
        """Return the command with the digests of the files in it, and everything that decides how it is read."""
        command = self.command
        reading = f"pattern {command.pattern}" if command.pattern else f"custom operator {command.custom_operator}"
        limits = f"{self.time_limit_s:g} s, {self.memory_bytes} bytes"
        return ("command", *identify_command(command.words), command.version, reading, limits)

    def convert(self, model: Model) -> Conversion:
        """Return what the command makes of `model`. Raises ToolError if it cannot be started."""
        from npufit.tflite import serialize_model

        with tempfile.TemporaryDirectory(prefix="npufit-command-", ignore_cleanup_errors=True) as folder:
            source, written = Path(folder, "model.tflite"), Path(folder, "converted.tflite")
            source.write_bytes(serialize_model(model))
            given = {INPUT: str(source), OUTPUT: str(written)}
            ended = self._run([_filled(word, given) for word in _anchored(self.command.words)], Path(folder))
            log = ended.output.decode("utf-8", "replace")
            if ended.code != 0:
                return Conversion(Answer(End(tool_end(ended.code)), message=self._ending(ended.code, log)), log)
            return self._read(model, log, written)

    def _run(self, words: list[str], folder: Path) -> Ended:
        try:
            return run_child(
                words,
                self.time_limit_s,
                folder=folder,
                merged=True,
                most_bytes=_MOST_PRINTED_BYTES,
                memory_bytes=self.memory_bytes,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ToolError(
                f"--command {printable(words[0])}: the converter cannot be started: {reason}. Give an executable on "
                "the PATH, or its path."
            ) from None

    def _ending(self, code: int | None, log: str) -> str:
        how = f"stopped after {self.time_limit_s:g} s" if code is None else f"ended with {end_words(code)}"
        return f"{how}: {last_words(log)}"

    def _read(self, model: Model, log: str, written: Path) -> Conversion:
        compiled = None
        try:
            if written.is_file():
                compiled = read_bounded(written, _MOST_FILE_BYTES)
            if self.command.pattern is not None:
                return Conversion(_read_lines(self.command.pattern, model, log), log, compiled)
            if compiled is None:
                return Conversion(_unclear(f"it wrote no file: {last_words(log)}"), log)
            return Conversion(_read_file(str(self.command.custom_operator), model, compiled), log, compiled)
        except InputError as error:
            return Conversion(_unclear(str(error)), log, compiled)


def _anchored(words: tuple[str, ...]) -> list[str]:
    """Return `words` with existing files as absolute paths, because the command runs in a folder of its own.

    The first word is looked for on the PATH, unless it is a path.
    """
    return [
        os.path.abspath(word) if (number or os.sep in word) and os.path.exists(word) else word
        for number, word in enumerate(words)
    ]


def _filled(word: str, given: Mapping[str, str]) -> str:
    for placeholder, path in given.items():
        word = word.replace(placeholder, path)
    return word


def check_command(command: Command) -> None:
    """Raise InputError if `command` cannot be asked: a placeholder, or the way to read its answer, is missing."""
    words = command.words
    if not words:
        raise InputError(f"--command is empty. Give a command line such as 'tool {INPUT} {OUTPUT}'.")
    shown = shorten(" ".join(words), _SHOWN)
    if not any(INPUT in word for word in words):
        raise InputError(f"--command '{shown}': it does not say where the model goes. Put {INPUT} in its place.")
    if (command.pattern is None) == (command.custom_operator is None):
        raise InputError(
            f"--command '{shown}': give one way to read its answer: --pattern with the regular expression of a line "
            "that it prints for each operator, or --custom-operator with the name of its operators in the file that "
            "it writes."
        )
    if command.pattern is not None:
        _compile_pattern(command.pattern)
    elif not any(OUTPUT in word for word in words):
        raise InputError(f"--command '{shown}': it does not say where the file goes. Put {OUTPUT} in its place.")


@lru_cache(maxsize=8)
def _compile_pattern(text: str) -> re.Pattern[str]:
    example = r"'operator (?P<index>\d+): (?P<unit>NPU|CPU)'"
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise InputError(
            f"--pattern '{shorten(text)}': not a regular expression: {error}. Example: {example}."
        ) from None
    missing = [name for name in ("index", "unit") if name not in pattern.groupindex]
    if missing:
        raise InputError(f"--pattern '{shorten(text)}': it has no group '{missing[0]}'. Example: {example}.")
    return pattern


def _read_lines(text: str, model: Model, log: str) -> Answer:
    """Return the answer in what was printed. Raises InputError if the lines do not fit the model."""
    count = len(model.main.operators)
    units = [Unit.UNKNOWN] * count
    named = False
    for index, unit in _matches(_compile_pattern(text), log):
        if index >= count:
            raise InputError(f"--pattern found operator {index} in a model of {count}: the command counts others")
        units[index] = unit
        named = True
    if not named:
        return _unclear(f"no line matches --pattern: {last_words(log)}")
    return Answer(End.FINE, tuple(units))


def _matches(pattern: re.Pattern[str], log: str) -> Iterator[tuple[int, Unit]]:
    """Yield index and unit of each line that matches; lines are read up to a length that no pattern is slow on."""
    for line in log.splitlines():
        match = pattern.search(line[:_MOST_LINE])
        if match is None:
            continue
        index, unit = match["index"], (match["unit"] or "").lower()
        if index is None or not index.isascii() or not index.isdecimal() or len(index) > _MOST_DIGITS:
            raise InputError(f"--pattern found the index '{shorten(str(index))}', which is not a number")
        if unit not in (Unit.NPU, Unit.CPU):
            raise InputError(f"--pattern found the unit '{shorten(unit)}'; NPU and CPU are known")
        yield int(index), Unit(unit)


_MOST_DIGITS = 9


def _read_file(name: str, model: Model, compiled: bytes) -> Answer:
    """Return the answer in the file that was written. Raises ModelError if it is not a model."""
    from npufit.tflite import parse_model

    converted = parse_model(compiled, "the file that the command wrote")
    calls = [
        ConverterCall(
            index,
            tuple(tensor for tensor in operator.inputs if _crosses(converted, tensor)),
            tuple(tensor for tensor in operator.outputs if tensor != NO_TENSOR),
        )
        for index, operator in enumerate(converted.main.operators)
        if operator.custom_code == name
    ]
    traced = trace_calls(model, converted, calls)
    all_told = bool(calls) and _HELPERS.issuperset(traced.new)

    def unit_of(index: int) -> Unit:
        if index in traced.kept or not calls:
            return Unit.CPU
        adapts = model.main.operators[index].name in traced.new
        return Unit.NPU if index in traced.call_of or (all_told and not adapts) else Unit.UNKNOWN

    return Answer(End.FINE, tuple(map(unit_of, range(len(model.main.operators)))), graphs=len(calls))


def _crosses(model: Model, tensor: int) -> bool:
    return tensor != NO_TENSOR and not model.main.tensors[tensor].is_constant


def _unclear(message: str) -> Answer:
    return Answer(End(ToolEnd.ERROR), message=message)
