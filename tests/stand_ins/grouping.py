"""How stand-ins decide over groups of operators."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from stand_ins.reading import Graph, Operator


def segments(graph: Graph, is_split: Callable[[Operator], bool]) -> list[list[int]]:
    """Return the runs of operators between those that split, as their indices."""
    runs = groupby(range(len(graph)), key=lambda index: is_split(graph[index]))
    return [list(run) for split, run in runs if not split]


def activation_bytes(graph: Graph, run: list[int]) -> int:
    """Return the bytes of all tensors that the operators read and write at run time, each counted once."""
    return sum({tensor.number: tensor.size for index in run for tensor in graph[index].activations}.values())


def output_bytes(graph: Graph, run: list[int]) -> int:
    """Return the bytes that the operators write."""
    return sum(tensor.size for index in run for tensor in graph[index].outputs)


def weights_bytes(graph: Graph, run: list[int]) -> int:
    """Return the bytes of the operators' weights."""
    return sum(graph[index].weights for index in run)


def peak_bytes(graph: Graph, run: list[int]) -> int:
    """Return the most bytes that are live while one of the operators runs."""
    tensors = {tensor.number: tensor.size for index in run for tensor in graph[index].activations}
    users = {tensor: [i for i in run if any(t.number == tensor for t in graph[i].activations)] for tensor in tensors}
    written = {tensor.number for index in run for tensor in graph[index].outputs}
    first = {tensor: users[tensor][0] if tensor in written else run[0] for tensor in tensors}
    last = {tensor: users[tensor][-1] for tensor in tensors}
    return max(sum(size for tensor, size in tensors.items() if first[tensor] <= index <= last[tensor]) for index in run)


def longest_suffix(run: list[int], fits: Callable[[list[int]], bool]) -> list[int]:
    """Return the most operators at the end of `run` that fit."""
    return next((run[start:] for start in range(len(run)) if fits(run[start:])), run[:0])


def longest_prefix(run: list[int], fits: Callable[[list[int]], bool]) -> list[int]:
    """Return the most operators at the beginning of `run` that fit."""
    return next((run[:end] for end in range(len(run), 0, -1) if fits(run[:end])), run[:0])
