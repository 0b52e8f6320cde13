"""Streams that nobody wrote: cut off, with flipped bits, of random legal commands. They end in errors or findings."""

from __future__ import annotations

import random
import struct
import tracemalloc
from collections import Counter
from dataclasses import replace

from ethosu_programs import captured, empty_memory

from counting_work import calls_at_most
from npufit.errors import InputError
from npufit.ethosu import Machine, Program
from npufit.ethosu.commands import BY_NAME, Command, Form
from real_files import find_capture

MOST_CALLS = 100_000
LARGEST_BYTES = 512 << 20
EDGES = (0, 1, 2, 7, 15, 16, 255, 0x7FFF, 0x8000, 0xFFFF)
OPERATIONS = ("CONV", "DEPTHWISE", "POOL", "ELEMENTWISE", "DMA_START")


def outcomes(programs: list[Program]) -> Counter[str]:
    """Return how often programs were refused, had findings, and ran; each within bounds of work and memory."""
    ends: Counter[str] = Counter()
    for program in programs:
        tracemalloc.start()
        try:
            with calls_at_most(MOST_CALLS):
                findings = Machine(program).run(empty_memory(program)).findings
        except InputError:
            ends["refused"] += 1
        else:
            ends["found" if findings else "ran"] += 1
        assert tracemalloc.get_traced_memory()[1] < LARGEST_BYTES
        tracemalloc.stop()
    return ends


def with_words(program: Program, words: list[int]) -> Program:
    """Return the program with another stream."""
    return replace(program, stream=struct.pack(f"<{len(words)}I", *words))


def original() -> tuple[Program, list[int]]:
    """Return a captured program of a few operations, and its words."""
    program, _ = captured(find_capture("micro/add_relu_bcast"), 0)
    return program, list(struct.unpack(f"<{len(program.stream) // 4}I", program.stream))


def test_streams_that_are_cut_off() -> None:
    program, words = original()
    ends = outcomes([with_words(program, words[:length]) for length in range(0, len(words), 13)])
    assert ends["refused"]
    assert ends["found"]
    assert not ends["ran"]


def test_bytes_that_are_not_whole_words() -> None:
    program, _ = original()
    assert outcomes([replace(program, stream=program.stream[:-1])]) == {"refused": 1}


def test_flipped_bits() -> None:
    program, words = original()
    chance = random.Random(4)
    programs: list[Program] = []
    for _ in range(50):
        flipped = list(words)
        for _ in range(chance.choice((1, 2, 8))):
            flipped[chance.randrange(len(words))] ^= 1 << chance.randrange(32)
        programs.append(with_words(program, flipped))
    ends = outcomes(programs)
    assert ends["refused"]
    assert ends["found"]


def legal(command: Command, chance: random.Random) -> list[int]:
    """Return a command with a value that can be decoded, at an edge of its range or anywhere in it."""
    if command.has_payload:
        address = chance.choice((0, 16, 0x1000, 0xFFFFFFFF, chance.getrandbits(32)))
        high = chance.randrange(64) if command.form is Form.SCALE else 0
        return [command.code | 1 << 14 | high << 16, address]
    value = chance.choice((*EDGES, chance.getrandbits(16)))
    if command.fields:
        value = 0
        for field in command.fields:
            bits = chance.choice(field.names)[0] if field.names else chance.getrandbits(field.width)
            value |= bits << field.low
    return [command.code | value << 16]


def test_random_legal_commands() -> None:
    chance = random.Random(5)
    programs: list[Program] = []
    for _ in range(150):
        words: list[int] = []
        for command in BY_NAME.values():
            if not command.is_operation and chance.random() < 0.9:
                words += legal(command, chance)
        for _ in range(4):
            words += legal(BY_NAME[chance.choice(OPERATIONS)], chance)
        program = Program(
            b"", bytes(4096), ((1, 1 << 16), (2, 1 << 12)), chance.choice(("ethos-u65-256", "ethos-u55-32"))
        )
        programs.append(with_words(program, words))
    ends = outcomes(programs)
    assert ends["found"] > 100
    assert not ends["ran"]
