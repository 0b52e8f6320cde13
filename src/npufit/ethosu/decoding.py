"""Command-stream bytes to typed instructions."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from npufit.errors import InputError
from npufit.ethosu.commands import COMMANDS, Command, Form

_ONLY_U85 = {(False, 0x007): "RESIZE", (True, 0x100): "BRANCH", (False, 0x12E): "WEIGHT_FORMAT"}
"""Commands that only the Ethos-U85 has, which identify its streams."""

_ADDRESS_BITS = 40
_SHIFT_BITS = 6


@dataclass(frozen=True, slots=True)
class Instruction:
    """One command at `offset` (bytes) of its stream, with its decoded value.

    `value` is the parameter or the payload, `shift` the shift of a scale.
    """

    offset: int
    command: Command
    value: int
    shift: int = 0

    @property
    def name(self) -> str:
        """The command's name."""
        return self.command.name

    @property
    def fields(self) -> tuple[tuple[str, int], ...]:
        """The fields of the value, or the value alone as `value`."""
        if self.command.form is Form.SCALE:
            return (("scale", self.value), ("shift", self.shift))
        if not self.command.fields:
            return (("value", self.value),)
        return tuple((field.name, field.of(self.value)) for field in self.command.fields)


def decode(words: bytes) -> tuple[Instruction, ...]:
    """Return the instructions of a stream of 32-bit little-endian words, in order.

    Raises InputError for anything that the Ethos-U55 and U65 do not define: unknown commands, reserved bits and values,
    a truncated payload. A stream for the Ethos-U85 is named as such.
    """
    if len(words) % 4:
        raise InputError(f"The command stream has {len(words)} bytes, which is not a whole number of 32-bit words.")
    values = struct.unpack(f"<{len(words) // 4}I", words)
    instructions: list[Instruction] = []
    position = 0
    while position < len(values):
        word = values[position]
        payload = values[position + 1] if position + 1 < len(values) else None
        instruction = _decode_one(position * 4, word, payload)
        instructions.append(instruction)
        position += 2 if instruction.command.has_payload else 1
    return tuple(instructions)


def _decode_one(offset: int, word: int, payload: int | None) -> Instruction:
    kind, code, parameter = word >> 14 & 3, word & 0x3FF, word >> 16
    if (kind == 1, code) in _ONLY_U85 and kind < 2 and not word & 0x3C00:
        name = _ONLY_U85[kind == 1, code]
        raise InputError(
            f"The command {name} at offset {offset:#x} exists only on the Ethos-U85. npufit executes streams of the "
            "Ethos-U55 and U65; compile for one of those."
        )
    command = COMMANDS.get((kind == 1, code)) if kind < 2 and not word & 0x3C00 else None
    if command is None:
        raise InputError(
            f"The word {word:#010x} at offset {offset:#x} is not a command of the Ethos-U55 or U65. Is this a command "
            "stream without its driver header?"
        )
    if not command.has_payload:
        return Instruction(offset, command, _parameter(offset, command, parameter))
    if payload is None:
        raise InputError(f"The stream ends at offset {offset:#x} before the payload of {command.name}.")
    return _with_payload(offset, command, parameter, payload)


def _parameter(offset: int, command: Command, parameter: int) -> int:
    if parameter & command.reserved_bits:
        raise InputError(
            f"{command.name} at offset {offset:#x} has {parameter:#06x}: reserved bits "
            f"{parameter & command.reserved_bits:#06x} are set."
        )
    for field in command.fields:
        if field.names and field.of(parameter) not in dict(field.names):
            raise InputError(
                f"{command.name} at offset {offset:#x} has {field.of(parameter)} for {field.name}; defined are "
                f"{', '.join(str(value) for value, _ in field.names)}."
            )
    return parameter - 0x10000 if command.form is Form.SIGNED and parameter >= 0x8000 else parameter


def _with_payload(offset: int, command: Command, parameter: int, payload: int) -> Instruction:
    if command.form is Form.SCALE:
        if parameter >> _SHIFT_BITS:
            raise InputError(f"{command.name} at offset {offset:#x} has a shift of {parameter}; at most 63 is defined.")
        return Instruction(offset, command, payload, parameter)
    if command.form is Form.WORD:
        if parameter:
            raise InputError(f"{command.name} at offset {offset:#x} has reserved bits {parameter:#06x} set.")
        return Instruction(offset, command, payload)
    if command.form is Form.DISTANCE:
        # A negative distance may come with its sign in all 16 bits of the parameter.
        distance = (parameter & 0xFF) << 32 | payload
        return Instruction(offset, command, distance - (1 << 40) if distance >> 39 else distance)
    if parameter >> (_ADDRESS_BITS - 32):
        raise InputError(f"{command.name} at offset {offset:#x} is beyond 40 bits.")
    return Instruction(offset, command, parameter << 32 | payload)
