"""Small changes to a command stream and to its submission, most of which leave it well-formed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from npufit.ethosu import Submission

_PAYLOAD = 0x4000
_PARAMETERS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 0x24, 0x3F, 0x40, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
_PAYLOADS = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_PAGE = 4096

Command = list[int]
"""A command word, and its payload if it has one."""


def mutate(stream: bytes, rng: random.Random) -> bytes:
    """Return `stream` after one to three mutations; one in five has an end that is not on a word."""
    commands = split(stream)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if commands:
            rng.choice(_MUTATIONS)(commands, rng)
    data = join(commands)
    return data[: len(data) - rng.choice((0, 0, 0, 0, rng.randrange(1, 9)))]


def mutate_submission(submission: Submission, extents: dict[int, int], rng: random.Random) -> Submission:
    """Return a submission at the limits of what a stream that uses `extents` needs."""
    sizes = {region: end for region, end in extents.items() if end < 1 << 40}
    if rng.random() < 0.2:
        sizes = dict(submission.buffers)
    sram = rng.choice((0, 32, sizes.get(2, 0), sizes.get(2, 0) + 1, submission.hardware_sram_bytes, 98_305))
    if sram and rng.random() < 0.9:
        sizes.pop(2, None)
    if sizes and rng.random() < 0.6:
        region = rng.choice(sorted(sizes))
        sizes[region] = max(1, sizes[region] + rng.choice((-_PAGE, -1, 0, 1, _PAGE, 1 - _PAGE)))
    if rng.random() < 0.2:
        sizes.pop(rng.randrange(8), None)
    if rng.random() < 0.2:
        sizes[rng.randrange(8)] = rng.choice((1, _PAGE, 1 << 20))
    return Submission(tuple(sorted(sizes.items())), sram & 0xFFFFFFFF, submission.hardware_sram_bytes)


def split(stream: bytes) -> list[Command]:
    """Return the commands of `stream`; bytes after the last word are left out."""
    words = struct.unpack(f"<{len(stream) // 4}I", stream[: len(stream) // 4 * 4])
    commands: list[Command] = []
    position = 0
    while position < len(words):
        length = 2 if words[position] & _PAYLOAD else 1
        commands.append(list(words[position : position + length]))
        position += length
    return commands


def join(commands: list[Command]) -> bytes:
    """Return the stream of `commands`."""
    return b"".join(struct.pack(f"<{len(command)}I", *command) for command in commands)


def _flip(commands: list[Command], rng: random.Random) -> None:
    command = rng.choice(commands)
    command[rng.randrange(len(command))] ^= 1 << rng.randrange(32)


def _set_parameter(commands: list[Command], rng: random.Random) -> None:
    command = rng.choice(commands)
    command[0] = command[0] & 0xFFFF | rng.choice((*_PARAMETERS, rng.randrange(1 << 16))) << 16


def _set_payload(commands: list[Command], rng: random.Random) -> None:
    wide = [command for command in commands if len(command) == 2]
    if wide:
        command = rng.choice(wide)
        command[1] = rng.choice((*_PAYLOADS, rng.randrange(1 << 32)))
        if rng.random() < 0.5:
            command[0] = command[0] & 0xFF00FFFF | rng.choice((0, 1, 0x80, 0xFF)) << 16


def _nudge(commands: list[Command], rng: random.Random) -> None:
    command = rng.choice(commands)
    step = rng.choice((-4096, -64, -16, -1, 1, 16, 64, 4096))
    if len(command) == 2:
        command[1] = command[1] + step & 0xFFFFFFFF
    else:
        command[0] = command[0] & 0xFFFF | ((command[0] >> 16) + step & 0xFFFF) << 16


def _drop(commands: list[Command], rng: random.Random) -> None:
    del commands[rng.randrange(len(commands))]


def _drop_all_of_one_kind(commands: list[Command], rng: random.Random) -> None:
    code = rng.choice(commands)[0] & 0xFFFF
    commands[:] = [command for command in commands if command[0] & 0xFFFF != code]


def _double(commands: list[Command], rng: random.Random) -> None:
    place = rng.randrange(len(commands))
    commands.insert(place, list(commands[place]))


def _move(commands: list[Command], rng: random.Random) -> None:
    commands.insert(rng.randrange(len(commands)), commands.pop(rng.randrange(len(commands))))


def _rename(commands: list[Command], rng: random.Random) -> None:
    """Give a command the code of another one, or a code next to its own."""
    command = rng.choice(commands)
    same = [other[0] & 0xFFFF for other in commands if len(other) == len(command)]
    code = rng.choice((rng.choice(same), command[0] & 0xFFFF ^ 1 << rng.randrange(10)))
    command[0] = command[0] & 0xFFFF0000 | code


def _insert(commands: list[Command], rng: random.Random) -> None:
    """Insert a setting or an operation with any code that the architecture has room for."""
    code = rng.choice((rng.randrange(0x20), 0x100 + rng.randrange(0x40), 0x180 + rng.randrange(0x20)))
    command = [code | rng.choice(_PARAMETERS) << 16]
    if rng.random() < 0.4:
        code = _PAYLOAD | rng.randrange(0xA0)
        command = [code | rng.choice((0, 0, 0xFF)) << 16, rng.choice(_PAYLOADS)]
    commands.insert(rng.randrange(len(commands) + 1), command)


def _cut(commands: list[Command], rng: random.Random) -> None:
    del commands[rng.randrange(len(commands)) :]
    commands.append([0xFFFF0000])


def _change_the_end(commands: list[Command], rng: random.Random) -> None:
    if rng.random() < 0.5:
        commands.pop()
    else:
        commands.append([rng.choice((0, 0xFFFF0000, 0x10011, 0x4000, 0x4100))])


_MUTATIONS: tuple[Callable[[list[Command], random.Random], None], ...] = (
    *(_flip, _set_parameter, _set_parameter, _set_payload, _set_payload, _nudge, _nudge, _drop, _drop),
    *(_drop_all_of_one_kind, _double, _move, _rename, _rename, _insert, _insert, _cut, _change_the_end),
)
