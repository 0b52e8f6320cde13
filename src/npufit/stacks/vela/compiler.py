"""A Vela that can be started: the one beside npufit, one in its own environment, or any executable."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from importlib import metadata, util
from pathlib import Path

from npufit.errors import ToolError
from npufit.stacks.vela.releases import NEWEST, PACKAGE

_INSTALL = f"pip install '{PACKAGE}>={NEWEST},<5.3'"


class Way(Enum):
    """How a Vela is run, and what it writes besides the compiled file."""

    IMPORTED = "import"
    """In a Python; its debug database has all that npufit needs (Vela 5)."""
    RECORDED = "record"
    """In a Python with wrapped functions, because its debug database has too little (before Vela 5)."""
    EXECUTED = "exec"
    """As a program; only the compiled file and its printed output are available."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """One Vela. `program` is the Python that imports it, or the executable.

    `identity` distinguishes it in the cache, empty if nothing does; `configs` is its folder of configuration files,
    None if unknown. `origin` says where it comes from; `stands_for` names the version that it substitutes for.
    """

    version: str
    way: Way
    program: str
    identity: str
    configs: Path | None
    origin: str
    stands_for: str = ""

    @property
    def number(self) -> str:
        """The release, such as 3.8."""
        return ".".join(self.version.split(".")[:2])

    @property
    def is_regor(self) -> bool:
        """Whether this is Vela 5, whose compiler differs from that of the earlier releases."""
        return int(self.version.split(".")[0]) >= 5

    def command(self, child: Path, memory_bytes: int, record: str) -> list[str]:
        """Return the command with which `child` runs this Vela; it writes its record to `record`."""
        if self.way is Way.EXECUTED:
            return [sys.executable, "-P", str(child), str(memory_bytes), self.way.value, self.program]
        # -P is not known to older releases of Python; the script leaves its own folder out of the path itself.
        return [self.program, "-X", "utf8", str(child), str(memory_bytes), self.way.value, record]


def installed_version() -> str:
    """Return the version of the Vela beside npufit. Raises ToolError if there is none."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        raise ToolError(f"Vela is not installed. Install it with: {_INSTALL}.") from None


def bundled_compiler() -> Compiler:
    """Return the Vela that npufit depends on. Raises ToolError if it is missing."""
    version = installed_version()
    if ".".join(version.split(".")[:2]) != NEWEST:
        raise ToolError(f"npufit needs Vela {NEWEST} beside it; Vela {version} is installed. Install it: {_INSTALL}.")
    spec = util.find_spec("ethosu.vela")
    if spec is None or spec.origin is None:
        raise ToolError(f"Vela is not installed. Install it with: {_INSTALL}.")
    configs = Path(spec.origin).parent.parent / "config_files"
    return Compiler(version, Way.IMPORTED, sys.executable, version, configs, "installed on this machine")
