"""A folder with what an arm64 libteflon needs to run under qemu-user: Debian's libraries, Python, LiteRT, NumPy.

    PYTHONPATH=tests python -m arm64.root build/debian

prints the command for `--library-python` and the libraries of Debian. Nothing of the system is changed.
"""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from private_apt import AptError, PrivateApt

_SUITES = ("sid", "forky", "trixie-backports")
_PYTHON = "3.13"
_NEEDED = (f"python{_PYTHON}", "libstdc++6")
_DELEGATE = "mesa-teflon-delegate"
_LIBRARY = "usr/lib/teflon/libteflon.so"
_EMULATOR = "qemu-aarch64"
_PLATFORMS = ("manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(17, 41)))
_PROCESSOR = """\
processor\t: 0
BogoMIPS\t: 48.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x2
CPU part\t: 0xd05
CPU revision\t: 0

"""
"""A Cortex-A55. LiteRT reads /proc/cpuinfo, and crashes on that of an x86 processor."""


class RootError(Exception):
    """The folder cannot be built; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Root:
    """A built folder: the command of its Python, and Debian's libraries by Mesa's version, newest first."""

    path: Path
    python: tuple[str, ...]
    libraries: dict[str, Path]


def build_root(folder: Path) -> Root:
    """Return the root in `folder`, built if it is not there yet. Raises RootError or AptError."""
    _require_emulator()
    folder = folder.resolve()
    root = folder / "root"
    if not root.exists():
        partial = folder / "root.partial"
        shutil.rmtree(partial, ignore_errors=True)
        _fill(partial, folder)
        # Once: imports leave their byte code in the folder. Without it each start would take half a minute longer.
        _run([*_python(partial), "-c", "import ai_edge_litert.interpreter, ctypes.util, json, numpy, socket, tempfile"])
        partial.rename(root)
    libraries = {path.name: path / _LIBRARY for path in (folder / "teflon").iterdir()}
    return Root(root, _python(root), dict(sorted(libraries.items(), key=lambda item: _numbers(item[0]), reverse=True)))


def _python(root: Path) -> tuple[str, ...]:
    return (_EMULATOR, "-L", str(root), str(root / f"usr/bin/python{_PYTHON}"))


def _fill(root: Path, folder: Path) -> None:
    apt = PrivateApt(folder / "apt", "arm64", _SUITES)
    apt.update()
    delegates = {offer.version: offer for offer in apt.list_versions(f"^{_DELEGATE}$") if "~bpo" not in offer.version}
    if not delegates:
        raise RootError(f"No suite of {', '.join(_SUITES)} offers {_DELEGATE} for arm64.")
    root.mkdir(parents=True)
    for name in ("bin", "lib", "sbin"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    needed = [it for it in apt.install_list([*_NEEDED, _DELEGATE]) if it.package != _DELEGATE]
    for package in apt.download(needed):
        _unpack(package, root)
    for version, package in zip(delegates, apt.download(delegates.values()), strict=True):
        _unpack(package, folder / "teflon" / version.partition("-")[0])
    (root / "proc").mkdir()
    (root / "proc" / "cpuinfo").write_text(_PROCESSOR)
    _add_wheels(root / "usr/lib/python3/dist-packages", folder / "wheels")


def _unpack(package: Path, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    _run(["dpkg-deb", "-x", str(package), str(into)])


def _add_wheels(into: Path, folder: Path) -> None:
    """Unpack LiteRT, as it is installed here, and NumPy for arm64."""
    platforms = [word for name in _PLATFORMS for word in ("--platform", name)]
    wanted = (f"ai-edge-litert=={importlib.metadata.version('ai-edge-litert')}", "numpy")
    python = ("--python-version", _PYTHON, "--implementation", "cp", *platforms)
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:")
    _run([*pip, *python, "--dest", str(folder), *wanted])
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(into)


def _require_emulator() -> None:
    if shutil.which(_EMULATOR):
        return
    install = ["apt-get", "install", "--yes", "qemu-user"]
    if os.geteuid() != 0:
        raise RootError(f"{_EMULATOR} is missing. Install it: sudo {shlex.join(install)}")
    _run(install)


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RootError(f"{shlex.join(command)} failed:\n{(done.stderr or done.stdout).strip()}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def main() -> int:
    """Build the root in the folder that is given, and print how to use it."""
    try:
        root = build_root(Path(sys.argv[1]))
    except (RootError, AptError) as error:
        print(error)
        return 3
    print(f"--library-python {shlex.quote(shlex.join(root.python))}")
    for library in root.libraries.values():
        print(f"--library {library}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
