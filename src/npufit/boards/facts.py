"""What a board is and has: each fact with the command that told it, and what follows from the facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.boards.readings import Readings


@dataclass(frozen=True, slots=True)
class BoardFact:
    """One fact: its name, what the board printed, and the command that told it."""

    name: str
    value: str
    command: str


@dataclass(frozen=True, slots=True)
class DeviceNode:
    """A device node that may be an NPU's: path, mode (`crw-rw----`), owner, group, and whether this user may open it.

    `driver` is the kernel driver behind it, empty if unknown.
    """

    path: str
    mode: str
    owner: str
    group: str
    can_open: bool
    driver: str = ""


@dataclass(frozen=True, slots=True)
class BoardFile:
    """A library, firmware or program on the board. `version` is what it says of itself, empty if nothing.

    `kind` is `delegate`, `firmware`, `tool` or `model`. `path` stays on this side: results carry `name` and `sha256`,
    which is empty for a file that was too large. `drivers` are the kernel drivers that a libteflon was built for.
    """

    kind: str
    name: str
    path: str
    sha256: str
    version: str = ""
    bytes: int = 0
    drivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PythonRuntime:
    """A Python on the board. `module` is tflite_runtime, ai_edge_litert or tensorflow; empty if it can import none."""

    path: str
    version: str
    module: str = ""
    module_version: str = ""
    has_numpy: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target that this board may be, `imx93/vela@lf-6.1.36`, and why; `missing` is what it lacks to measure it.

    `delegate` is the path of the stack's library on the board, empty if it needs none or has none. With
    `needs_only_a_tool`, all that is missing is a program that times a model, which the user can bring.
    """

    target: str
    why: str
    missing: tuple[str, ...] = ()
    delegate: str = ""
    needs_only_a_tool: bool = False

    @property
    def is_usable(self) -> bool:
        """True if nothing is missing."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """One board. `facts` are everything that was asked, in order; the other fields are read off them.

    `chip` is npufit's name (imx93), empty if it is none of its chips. `soc`, `revision` and `model` are the board's own
    words. `kernel` is the release of `uname -r`, `bsp` NXP's release (lf-6.1.36) if it follows from the facts, `mesa`
    the release of Mesa that Teflon comes from. `os` has ID, VERSION_ID and BUILD_ID of /etc/os-release. `missing` are
    sentences: what could not be asked, or is not there.
    """

    facts: tuple[BoardFact, ...]
    architecture: str = ""
    chip: str = ""
    model: str = ""
    compatible: tuple[str, ...] = ()
    soc: str = ""
    revision: str = ""
    cores: int | None = None
    memory_kb: int | None = None
    kernel: str = ""
    os: Mapping[str, str] | None = None
    bsp: str = ""
    mesa: str = ""
    nodes: tuple[DeviceNode, ...] = ()
    files: tuple[BoardFile, ...] = ()
    runtimes: tuple[PythonRuntime, ...] = ()
    is_root: bool = False
    candidates: tuple[Candidate, ...] = ()
    missing: tuple[str, ...] = ()
    now: Readings | None = None
    """Clocks, temperatures, load and memory at the time of a probe."""

    def said(self, name: str) -> str:
        """Return what the board answered to the question `name`, empty if it had no answer."""
        return next((fact.value for fact in self.facts if fact.name == name), "")

    def of_kind(self, kind: str) -> tuple[BoardFile, ...]:
        """Return the files of `kind`."""
        return tuple(file for file in self.files if file.kind == kind)
