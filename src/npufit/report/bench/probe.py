"""What a board is and has, for people: can it be measured, as what, and what is missing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from npufit.boards import BoardFacts, BoardFile, Candidate, DeviceNode, Readings
from npufit.formatting import plural, printable, shorten, size
from npufit.report.bench.document import BenchDocument
from npufit.report.bench.words import as_clause, file_words
from npufit.report.terminal_page import Page, columns

_LABEL = 11
_FILES = (("delegate", "Delegates"), ("firmware", "Firmware"), ("tool", "Tools"), ("model", "Models"))
_MOST_ZONES = 4
_TOOL = "benchmark_model"
_GIVE_TOOL = "send a benchmark_model for this board with --tool FILE, or install ai-edge-litert in its Python"


def probe_text(document: BenchDocument, page: Page, *, on: str = "", everything: bool = False) -> str:
    """Return what a board is, what it can be measured as, what it has, and what to do about what is missing.

    `on` is the board as the user wrote it; `everything` adds each fact with the command that told it.
    """
    board = document.board
    assert board is not None, "the document of a probe has a board"
    usable = any(candidate.is_usable for candidate in board.candidates)
    lines = [page.ink("bold" if usable else "yellow", line) for line in page.wrap(probe_headline(board), hanging="  ")]
    for label, texts in _sections(board, page):
        found = [text for text in texts if text]
        for position, text in enumerate(found):
            lines += ([""] if label == "Targets" and not position else []) + page.labelled(
                "" if position else label, text, "", _LABEL
            )
    for label, texts in (("Missing", board.missing), ("Next", _next(board, on))):
        lines += [""] if texts else []
        for position, text in enumerate(texts):
            lines += page.labelled("" if position else label, shorten(text, 300), "", _LABEL)
    if everything:
        lines += ["", page.ink("bold", "Every fact, and the command that told it"), *_facts(board, page)]
    return "\n".join(lines)


def probe_headline(board: BoardFacts) -> str:
    """Return which chip it is, and whether and as what it can be measured."""
    words = board.model or board.soc or board.architecture
    name = board.chip or "a chip that npufit does not know"
    lead = f"{name} ({shorten(words, 80)})" if words else name
    usable = [candidate.target for candidate in board.candidates if candidate.is_usable]
    if usable:
        others = f"; also as {', '.join(usable[1:])}" if usable[1:] else ""
        return f"{lead}: ready to measure as {usable[0]}{others}"
    if board.candidates:
        best = min(board.candidates, key=lambda candidate: len(candidate.missing))
        return f"{lead}: not ready to measure as {best.target}: {as_clause(best.missing[0].partition('. ')[0])}"
    cpu = "the CPU alone can be measured" if _has_tool(board) else "nothing on it times a model"
    return f"{lead}: no NPU that npufit knows; {cpu}"


def _has_tool(board: BoardFacts) -> bool:
    """Return True if the board has a program or a Python that times models."""
    has_program = any(file.name == _TOOL for file in board.of_kind("tool"))
    return has_program or any(found.module and found.has_numpy for found in board.runtimes)


def _sections(board: BoardFacts, page: Page) -> Iterator[tuple[str, list[str]]]:
    yield "Board", [_board(board)]
    yield "System", [_system(board)]
    yield "Targets", [_candidate(candidate) for candidate in board.candidates]
    yield "Devices", columns([_node(node) for node in board.nodes])
    for kind, label in _FILES:
        yield label, _files(board.of_kind(kind), page.width - _LABEL)
    yield (
        "Python",
        [
            f"{shorten(found.path, 60)} {shorten(found.version, 20)}: {_module(found.module, found.module_version)}"
            f"{'' if found.has_numpy else ', no NumPy'}"
            for found in board.runtimes
        ],
    )
    if board.now is not None:
        yield from _now(board.now)


def _board(board: BoardFacts) -> str:
    soc = " ".join(filter(None, (board.soc, f"revision {board.revision}" if board.revision else "")))
    cores = " ".join(filter(None, (plural(board.cores, "core") if board.cores else "", board.architecture)))
    memory = f"{size(1024 * board.memory_kb)} of memory" if board.memory_kb else ""
    return ", ".join(shorten(part, 80) for part in (board.model, soc, cores, memory) if part)


def _system(board: BoardFacts) -> str:
    names = board.os or {}
    os = " ".join(filter(None, (names.get("ID", ""), names.get("VERSION_ID", ""), names.get("BUILD_ID", ""))))
    parts = (
        f"Linux {board.kernel}" if board.kernel else "",
        f"BSP {board.bsp}" if board.bsp else "",
        f"Mesa {board.mesa}" if board.mesa else "",
        os,
        "you are root" if board.is_root else "you are not root",
    )
    return ", ".join(shorten(part, 80) for part in parts if part)


def _candidate(candidate: Candidate) -> str:
    if candidate.is_usable:
        return f"{candidate.target}: ready: {shorten(candidate.why, 200)}"
    return f"{candidate.target}: missing: {' '.join(shorten(text, 400) for text in candidate.missing)}"


def _node(node: DeviceNode) -> tuple[str, ...]:
    access = "you may open it" if node.can_open else "YOU MAY NOT OPEN IT"
    owner = f"{node.owner}:{node.group}" if node.owner or node.group else ""
    return tuple(
        shorten(cell, 40) for cell in (node.path, node.mode, owner, f"driver {node.driver or 'unknown'}", access)
    )


def _files(files: Sequence[BoardFile], width: int) -> list[str]:
    """Return the names of files with their versions or digests, and their paths on lines of at most `width`."""
    names = [shorten(file_words(file.name, file.version, file.sha256), 60) for file in files]
    room = max(20, width - 2 - max(map(len, names), default=0))
    return columns([(name, shorten(file.path, room)) for name, file in zip(names, files, strict=True)])


def _module(module: str, version: str) -> str:
    return f"{module} {version}".strip() if module else "no TensorFlow Lite"


def _now(readings: Readings) -> Iterator[tuple[str, list[str]]]:
    yield (
        "Clocks",
        [
            f"{shorten(clock.governor, 20) or 'unknown governor'}"
            f"{'' if clock.mhz is None else f', {clock.mhz:.0f} MHz'}"
            f"{'' if clock.highest_mhz is None else f' of {clock.highest_mhz:.0f}'}"
            f" (cores {shorten(clock.cores, 20)})"
            for clock in readings.clocks
        ],
    )
    zones = [
        f"{shorten(zone.type, 24)} {zone.celsius:.0f} °C{'' if zone.trip is None else f' (trips at {zone.trip:g})'}"
        for zone in readings.zones
    ]
    more = [f"{len(zones) - _MOST_ZONES} more"] if len(zones) > _MOST_ZONES else []
    yield "Heat", [", ".join([*zones[:_MOST_ZONES], *more])]
    memory = [f"{size(1024 * readings.free_kb)} free"] if readings.free_kb is not None else []
    if readings.cma_free_kb is not None and readings.cma_total_kb is not None:
        memory.append(f"CMA {size(1024 * readings.cma_free_kb)} free of {size(1024 * readings.cma_total_kb)}")
    yield "Memory", [", ".join(memory)]
    yield "Load", ["" if readings.load is None else f"{readings.load:g} in the last minute"]


def _next(board: BoardFacts, on: str) -> list[str]:
    """Return the command that measures now, and what it needs."""
    where = shlex.quote(on or "BOARD")
    usable = any(candidate.is_usable for candidate in board.candidates)
    tool = "" if _has_tool(board) else " --tool ./benchmark_model"
    command = f"npufit bench zoo:mobilenet_v1@128,int8 --on {where}{tool}"
    until = "  (until then the CPU alone)" if board.candidates and not usable and not tool else ""
    return [f"{command}{until}", *([_GIVE_TOOL] if tool else [])]


def _facts(board: BoardFacts, page: Page) -> list[str]:
    lines: list[str] = []
    for fact in board.facts:
        first, *rest = printable_lines(fact.value) or [""]
        lines += [f"{shorten(fact.name, 40)}: {first}", *(f"    {line}" for line in rest)]
        lines.append(page.ink("dim", f"    $ {shorten(fact.command, 200)}"))
    return lines


def printable_lines(text: str) -> list[str]:
    """Return the lines of a fact that fit a screen, without what could control a terminal."""
    lines = [shorten(printable(line), 160) for line in text.splitlines()]
    return lines if len(lines) <= 12 else [*lines[:11], f"… {len(lines) - 11} more lines"]
