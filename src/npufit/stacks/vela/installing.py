"""Installing a Vela into its own environment: a Python, pip, and a first compilation that must succeed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from npufit.child_process import OTHER_PYTHON, run_child
from npufit.errors import InputError, NpufitError, ToolError
from npufit.stacks.vela.environments import (
    Environment,
    find_environment,
    installing,
    put_in_place,
    python_in,
    write_manifest,
)
from npufit.stacks.vela.pythons import Python, find_python
from npufit.stacks.vela.releases import (
    NEWEST,
    PACKAGE,
    RELEASES,
    Minor,
    Release,
    find_release,
    is_bsp,
    need_release_number,
    read_version,
    release_number,
)

_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--no-color")
_LAST_LINES = 6
_SECRET = re.compile(r"//[^/@\s]+@")
_ASK_VELA = """
import importlib.metadata, json, os, sys
import ethosu.vela
package = os.path.dirname(ethosu.vela.__file__)
site = os.path.dirname(os.path.dirname(package))
print(json.dumps({
    "version": importlib.metadata.version("ethos-u-vela"),
    "site": os.path.relpath(site, sys.prefix),
}))
"""
_ASK_OLD_VELA = _ASK_VELA.replace("importlib.metadata, ", "").replace(
    'importlib.metadata.version("ethos-u-vela")', "ethosu.vela.__version__"
)


class InstallStage(StrEnum):
    """What an installation is doing."""

    PYTHON = "looking for a Python"
    ENVIRONMENT = "making an environment"
    PACKAGES = "installing Vela"
    TRIAL = "compiling a first network"


Progress = Callable[[StrEnum, int, int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to install: the name, the requirement, and the Python (a path, or None to search for one)."""

    name: str
    requirement: str
    python: str | None = None
    time_limit_s: float = 1800.0

    @property
    def shown(self) -> str:
        """The requirement without a possible password in its URL, because reports repeat it."""
        return _SECRET.sub("//", self.requirement)


def wish_for(text: str, source: str | None, name: str | None, python: str | None) -> Wish:
    """Return the wish behind `toolchain install`: `vela@3.8`, or `vela` with a `source` and a `name` for it.

    Raises InputError, with the next step, if that is not possible.
    """
    tool, _, version = text.partition("@")
    if tool != "vela":
        raise InputError(f"unknown toolchain '{text}'. Known: vela@VERSION, such as vela@3.8.")
    if source is not None:
        if version or name is None:
            raise InputError("--from needs --as: npufit toolchain install vela --from REQUIREMENT --as lf-6.1.36.")
        known = read_version(name)
        if known is None:
            raise InputError(f"--as {name}: neither a release such as 3.8 nor a BSP such as lf-6.1.36.")
        return Wish(known, _as_requirement(source), python)
    if name is not None:
        raise InputError("--as names what --from installs. Give both, or VERSION alone: vela@3.8.")
    wanted = read_version(version) if version else None
    if wanted is None:
        what = f"there is no Vela '{version}'" if version else "no version given"
        raise InputError(f"{what}. Known: {', '.join(release.number for release in RELEASES)}, or a BSP (lf-6.1.36).")
    number = need_release_number(wanted)
    if number == NEWEST:
        raise InputError(f"Vela {NEWEST} comes with npufit; there is nothing to install. Use -t imx93/vela.")
    release = find_release(number)
    if release is None:
        raise InputError(
            f"the requirements of Vela {number} are unknown. Known: {', '.join(entry.number for entry in RELEASES)}. "
            f"To try it anyway: npufit toolchain install vela --from '{PACKAGE}=={number}.0' --as {number}."
        )
    return Wish(number, release.requirement, python)


def install(wish: Wish, progress: Progress, force: bool = False) -> Environment:
    """Return the environment that `wish` describes, creating it if necessary.

    Raises ToolError if a step fails. After a failure, or if the process is killed, nothing is left behind.
    """
    if not force and (known := find_environment(wish.name)) is not None and known.requirement == wish.shown:
        return known
    release = find_release(release_number(wish.name) or "")
    progress(InstallStage.PYTHON, 0, 0)
    python = find_python(_pythons(release), wish.python)
    with installing(wish.name) as home:
        # Another process may have made it while this one waited.
        known = find_environment(wish.name)
        if not force and known is not None and known.requirement == wish.shown:
            return known
        folder = Path(tempfile.mkdtemp(prefix=f".installing-{wish.name}-", dir=home))
        try:
            environment = _make(folder, wish, python, release, progress)
            write_manifest(folder, environment)
            put_in_place(folder, home, wish.name)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return environment


def _pythons(release: Release | None) -> tuple[Minor, ...]:
    return release.pythons if release is not None else tuple(dict.fromkeys(m for r in RELEASES for m in r.pythons))


def _make(folder: Path, wish: Wish, python: Python, release: Release | None, progress: Progress) -> Environment:
    progress(InstallStage.ENVIRONMENT, 0, 0)
    _run([python.path, "-m", "venv", str(folder)], wish, "the environment could not be created (venv)")
    own = str(python_in(folder))
    progress(InstallStage.PACKAGES, 0, 0)
    wanted = (wish.requirement, *(release.companions if release is not None else ()))
    _run([own, *_PIP, "install", *wanted], wish, _why_pip_fails(release, python))
    told = _ask(own, wish)
    number = ".".join(told["version"].split(".")[:2])
    if release is None and (needs := find_release(number)) is not None and needs.companions:
        _run([own, *_PIP, "install", *needs.companions], wish, _why_pip_fails(needs, python))
    if not is_bsp(wish.name) and number != wish.name:
        raise InputError(f"{wish.shown} is Vela {told['version']}, not {wish.name}. Install it --as {number}.")
    package = _hash(folder / told["site"] / "ethosu")
    minor = ".".join(str(part) for part in python.minor)
    environment = Environment(wish.name, told["version"], wish.shown, package, told["site"], minor)
    progress(InstallStage.TRIAL, 0, 0)
    _try(environment, folder)
    return environment


def _try(environment: Environment, folder: Path) -> None:
    """Compile a small network, because an installed Vela may still not run (with another NumPy, for example)."""
    from npufit.chips import chips_of, load_chip
    from npufit.stacks.vela.runner import run_vela
    from npufit.stacks.vela.settings import resolve_settings
    from npufit.tflite import serialize_model
    from npufit.zoo import build, parse_spec

    compiler = environment.compiler("")
    here = replace(
        compiler, program=str(python_in(folder)), configs=folder / environment.site / "ethosu" / "config_files"
    )
    model = serialize_model(build(parse_spec("mlperf_tiny_kws")))
    try:
        run_vela(model, resolve_settings(load_chip(chips_of("vela")[0]), (), here), 300.0, here)
    except NpufitError as error:
        raise ToolError(
            f"Vela {environment.version} was installed but does not compile a small network with Python "
            f"{environment.python_version}: {error} Nothing was kept."
        ) from None


def _as_requirement(source: str) -> str:
    """Return the requirement for pip: a file or folder by its full path, anything else unchanged."""
    if source.startswith("-"):
        raise InputError(f"--from {source}: an option, not a requirement or a folder.")
    path = Path(source).expanduser()
    return str(path.resolve()) if path.exists() else source


def _why_pip_fails(release: Release | None, python: Python) -> str:
    minor = ".".join(str(part) for part in python.minor)
    text = f"pip could not install it with Python {minor}"
    if release is not None and release.needs_compiler:
        text += " (it may have to compile C: a C compiler and Python's headers are needed)"
    return text


def _ask(python: str, wish: Wish) -> dict[str, str]:
    try:
        told = json.loads(_run([python, "-I", "-c", _ASK_VELA], wish, "no Vela is in it"))
    except ToolError:
        told = json.loads(_run([python, "-I", "-c", _ASK_OLD_VELA], wish, "the installed package is not a Vela"))
    return {str(key): str(value) for key, value in told.items()}


def _hash(package: Path) -> str:
    """Return a hash of Vela's files, which distinguishes two forks with the same version."""
    total = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix in (".py", ".so", ".pyd", ".ini"):
            total.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def _run(command: Sequence[str], wish: Wish, failure: str) -> str:
    """Return what `command` printed. Raises ToolError with its last lines if it fails or takes too long."""
    ended = run_child(command, wish.time_limit_s, merged=True, left_out=OTHER_PYTHON)
    text = ended.output.decode("utf-8", "replace")
    if ended.code is None:
        raise ToolError(f"Vela {wish.name}: {failure}: not done within {wish.time_limit_s:g} s.")
    if ended.code != 0:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        told_last = _SECRET.sub("//", "\n".join(lines[-_LAST_LINES:]))
        raise ToolError(f"Vela {wish.name}: {failure}:\n{told_last}")
    return text
