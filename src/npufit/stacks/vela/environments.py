"""The environments that npufit keeps for other releases of Vela: one folder each, either complete or absent."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path

from npufit.errors import InputError, ToolError
from npufit.files import cache_folder
from npufit.stacks.vela.compiler import Compiler, Way

_MANIFEST = "npufit.json"
_PREFIX = "vela-"
_FORM = 1


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment, as its manifest describes it.

    `name` is the name it was installed under: a release (3.8), or a BSP (lf-6.1.36) for NXP's fork. `version` is what
    Vela itself reports; `requirement` is what pip was given; `package` is the hash of its Vela files; `site` is the
    folder of packages, and `python_version` the Python, such as 3.11.
    """

    name: str
    version: str
    requirement: str
    package: str
    site: str
    python_version: str

    @property
    def folder(self) -> Path:
        """Its folder."""
        return _home() / (_PREFIX + self.name)

    @property
    def python(self) -> Path:
        """Its Python."""
        return python_in(self.folder)

    def compiler(self, origin: str, stands_for: str = "") -> Compiler:
        """Return its Vela."""
        way = Way.IMPORTED if int(self.version.split(".")[0]) >= 5 else Way.RECORDED
        identity = f"{self.version} {self.package}"
        configs = self.folder / self.site / "ethosu" / "config_files"
        return Compiler(self.version, way, str(self.python), identity, configs, origin, stands_for)


def python_in(folder: Path) -> Path:
    """Return the Python of the environment in `folder`."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def find_environment(name: str) -> Environment | None:
    """Return the environment called `name`, None if it is missing or incomplete."""
    return _read(_home() / (_PREFIX + name))


def list_environments() -> tuple[Environment, ...]:
    """Return all environments, by name."""
    found = (_read(folder) for folder in _home().glob(_PREFIX + "*"))
    return tuple(sorted((entry for entry in found if entry is not None), key=lambda entry: _natural(entry.name)))


def remove_environment(name: str) -> None:
    """Remove the environment called `name`. Raises InputError if there is none, ToolError if it cannot."""
    with installing(name) as home:
        folder = home / (_PREFIX + name)
        if not folder.is_dir():
            have = ", ".join(entry.name for entry in list_environments()) or "none"
            raise InputError(f"Vela {name} is not installed in an environment of npufit. Installed: {have}.")
        # It vanishes at once; the slow part happens under an unused name.
        gone = home / f".removed-{name}-{os.getpid()}"
        try:
            os.replace(folder, gone)
            shutil.rmtree(gone)
        except OSError as error:
            raise ToolError(f"{folder}: cannot be removed: {error.strerror or error}.") from None


@contextlib.contextmanager
def installing(name: str) -> Generator[Path]:
    """Yield the folder of all environments, while no other process installs or removes `name`.

    Remains of an installation of `name` that was killed are removed first.
    """
    home = _home()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (home / f".lock-{name}").open("a") as lock:
            _lock(lock.fileno())
            for pattern in (f".installing-{name}-*", f".removed-{name}-*"):
                for left in home.glob(pattern):
                    shutil.rmtree(left, ignore_errors=True)
            yield home
    except OSError as error:
        raise ToolError(f"{home}: cannot be used: {error.strerror or error}.") from None


def write_manifest(folder: Path, environment: Environment) -> None:
    """Write the manifest into `folder`; without it, the folder does not count as an environment."""
    (folder / _MANIFEST).write_text(json.dumps({"form": _FORM, **asdict(environment)}, indent=1), "utf-8")


def put_in_place(folder: Path, home: Path, name: str) -> None:
    """Make the complete `folder` the environment called `name`, replacing an older one."""
    final = home / (_PREFIX + name)
    _point_scripts_at(final, folder)
    if final.exists():
        old = home / f".removed-{name}-{os.getpid()}"
        os.replace(final, old)
        os.replace(folder, final)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(folder, final)


def _point_scripts_at(final: Path, folder: Path) -> None:
    """Make the scripts in `folder` (`bin/vela`) start the Python of `final`: pip wrote the path of the build folder."""
    for path in python_in(folder).parent.iterdir():
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        moved = data.replace(os.fsencode(folder), os.fsencode(final))
        if moved != data:
            path.write_bytes(moved)


def _home() -> Path:
    return cache_folder("toolchains")


def _read(folder: Path) -> Environment | None:
    try:
        stored = json.loads((folder / _MANIFEST).read_text("utf-8"))
        if stored.pop("form") != _FORM:
            return None
        environment = Environment(**{key: str(value) for key, value in stored.items()})
        int(environment.version.split(".")[0])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return environment if environment.folder == folder and environment.python.exists() else None


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    parts = name.replace("-", ".").split(".")
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def _lock(descriptor: int) -> None:
    """Wait until no other process holds the lock; systems without file locks continue without one."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)
