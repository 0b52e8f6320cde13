"""The answers of a board, read as facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from npufit.boards.answers import NOTHING, Answer
from npufit.boards.facts import BoardFact, BoardFacts, BoardFile, DeviceNode, PythonRuntime

_SHA256 = re.compile(r"[0-9a-f]{64}")
_RANGES = re.compile(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*", re.ASCII)
_MODE = re.compile(r"[a-zA-Z-][rwxsStT-]{9}[.+@]?")
_FILE_KINDS = ("delegate", "firmware", "tool", "model")
_MESA = re.compile(r"2[4-9]\.[0-3]\.\d{1,2}[\w.~+-]{0,24}", re.ASCII)
_DRIVER_MARKS = {"ETHOSU_DEBUG": "ethosu", "ROCKET_DEBUG": "rocket", "ETNA_MESA_DEBUG": "etnaviv"}
"""Variables that Mesa's drivers read, so that a library has their names if it was built with the drivers. The names of
the drivers do not tell: Debian's mesa-teflon-delegate 26.2.6 has "ethosu", but not the driver."""

_TFLITE = re.compile(r"/tensorflow-lite-([\d.]{3,16})(?:/|$)", re.ASCII)
_MODULES = ("ai_edge_litert", "tflite_runtime", "tensorflow")
_HIDDEN = ("root", "nodes", "files", "pythons", "end", "user")
"""Answers that become fields instead of facts to print, or none."""


def facts_of(answers: Mapping[str, Answer]) -> BoardFacts:
    """Return what `answers` say about the board, without what follows from it (chip, BSP, candidates)."""

    def said(name: str) -> Answer:
        return answers.get(name, NOTHING)

    root = said("root").text
    files = tuple(_files(said("files")))
    return BoardFacts(
        facts=tuple(_facts(answers, root)),
        architecture=said("architecture").text,
        model=said("model").text,
        compatible=said("compatible").lines[:16],
        soc=said("soc").text,
        revision=said("revision").text,
        cores=_count(said("cores").text),
        memory_kb=_memory(said("memory")),
        kernel=said("kernel").text,
        os=dict(_assignments(said("os"))),
        nodes=tuple(_nodes(said("nodes"))),
        files=files,
        runtimes=tuple(_runtimes(said("pythons"))),
        is_root=said("user").text == "0",
    )


def _facts(answers: Mapping[str, Answer], root: str) -> Iterator[BoardFact]:
    """Yield the facts as they are printed, without the folder that a board's files are read below."""
    for name, answer in answers.items():
        if name not in _HIDDEN and answer.lines:
            lines = map(_WORDS.get(name, str), answer.lines)
            value = "\n".join(line.removeprefix(root) if root else line for line in lines)
            yield BoardFact(name, value.replace("\t", " "), answer.command)
    for node in _nodes(answers.get("nodes", NOTHING)):
        may = "this user may open it" if node.can_open else "this user may not open it"
        driver = f", driver {node.driver}" if node.driver else ""
        value = f"{node.path}: {node.mode} {node.owner} {node.group}, {may}{driver}"
        yield BoardFact("node", value, f"ls -l {node.path}")
    for file in _files(answers.get("files", NOTHING)):
        path = file.path.removeprefix(root)
        version = f", {file.version}" if file.version else ""
        digest = f", sha256 {file.sha256[:12]}" if file.sha256 else ", too large to be hashed here"
        yield BoardFact(
            "network" if file.kind == "model" else file.kind, f"{path}{version}{digest}", f"sha256sum {path}"
        )
    for runtime in _runtimes(answers.get("pythons", NOTHING)):
        path = runtime.path.removeprefix(root)
        module = f"{runtime.module} {runtime.module_version}".strip() if runtime.module else "no LiteRT"
        numpy = "" if runtime.has_numpy else ", no NumPy"
        yield BoardFact("python", f"{path} {runtime.version}: {module}{numpy}", f"{path} -c 'import {_MODULES[0]}'")


def _celsius(line: str) -> str:
    type_, _, millidegrees = line.rpartition(" ")
    return f"{type_} {int(millidegrees) / 1000:g} °C" if re.fullmatch(r"-?\d{1,6}", millidegrees) else line


def _megahertz(line: str) -> str:
    return f"{int(line) / 1000:g} MHz" if re.fullmatch(r"\d{1,9}", line) else line


def _single_spaces(line: str) -> str:
    return " ".join(line.split())


_WORDS: Mapping[str, Callable[[str], str]] = {
    "temperature": _celsius,
    "clock": _megahertz,
    "memory": _single_spaces,
    "cpu": _single_spaces,
}


def _nodes(answer: Answer) -> Iterator[DeviceNode]:
    for line in answer.lines:
        path, mode, owner, group, may, driver = (*line.split("\t"), *[""] * 6)[:6]
        if path.startswith("/dev/") and _MODE.fullmatch(mode):
            yield DeviceNode(path, mode, owner, group, may == "open", driver)


def _files(answer: Answer) -> Iterator[BoardFile]:
    for line in answer.lines:
        kind, path, size, sha256, says = (*line.split("\t"), *[""] * 5)[:5]
        if kind not in _FILE_KINDS or not path.startswith("/") or not size.isdecimal() or len(size) > 15:
            continue
        words = says.split()
        version = "" if kind == "model" else _version(path, words)
        drivers = tuple(driver for mark, driver in _DRIVER_MARKS.items() if mark in words)
        digest = sha256 if _SHA256.fullmatch(sha256) else ""
        yield BoardFile(kind, path.rpartition("/")[2], path, digest, version, int(size), drivers)


def _version(path: str, words: list[str]) -> str:
    """Return the version of a file: Mesa's, one that its text names, or that of NXP's folder."""
    if path.endswith("/libteflon.so"):
        return next((word for word in words if _MESA.fullmatch(word)), "")
    folder = _TFLITE.search(path)
    return folder[1] if folder else next(iter(words), "")


def _runtimes(answer: Answer) -> Iterator[PythonRuntime]:
    for line in answer.lines:
        path, version, *words = line.split("\t")[:16] if "\t" in line else (line, "")
        if not path.startswith("/") or not re.fullmatch(r"\d\.\d{1,2}\.\d{1,2}", version):
            continue
        has_numpy = "numpy" in words
        found = [word for word in words if word and word != "numpy"]
        module = found[0] if found and found[0] in _MODULES else ""
        module_version = found[1] if module and len(found) > 1 and found[1] not in _MODULES else ""
        yield PythonRuntime(path, version, module, module_version, has_numpy)


def _assignments(answer: Answer) -> Iterator[tuple[str, str]]:
    for line in answer.lines[:8]:
        name, equals, value = line.partition("=")
        if equals:
            yield name, value.strip("\"'")


def _memory(answer: Answer) -> int | None:
    found = next((re.fullmatch(r"MemTotal:\s+(\d{1,15}) kB", line, re.ASCII) for line in answer.lines), None)
    return int(found[1]) if found else None


def _count(ranges: str) -> int | None:
    """Return how many cores `0-3,6` names."""
    if not _RANGES.fullmatch(ranges):
        return None
    ends = [part.partition("-") for part in ranges.split(",")]
    return sum(max(0, int(last or first) - int(first) + 1) for first, _, last in ends)
