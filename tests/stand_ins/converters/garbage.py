"""What it prints is no answer: bytes that are no text, and lines that never end."""

import sys

from stand_ins.reading import Graph


def write(data: bytes, taken: list[bool], target: str) -> None:
    """Print and write what nobody can read."""
    sys.stdout.buffer.write(
        bytes(range(256)) * 64 + b"operator : \n" + b"operator 99999999999999999999: NPU\n" * len(taken)
    )
    with open(target, "wb") as file:
        file.write(data[:64] + b"\xff" * 64)


def place(graph: Graph) -> list[bool]:
    """Decide nothing that anybody is told."""
    return [True] * len(graph)
