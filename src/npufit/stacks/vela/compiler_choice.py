"""Which Vela compiles for a target: the one beside npufit, one in an environment, or the user's executable."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

from npufit.child_process import run_child
from npufit.errors import InputError, ToolError
from npufit.stacks.placement import Setting
from npufit.stacks.vela.compiler import Compiler, Way, bundled_compiler
from npufit.stacks.vela.environments import find_environment
from npufit.stacks.vela.releases import NEWEST, find_release, is_bsp, need_release_number, release_number

_TIME_LIMIT_S = 60.0
_SHEBANG_BYTES = 4096
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")
_ASK = """
import hashlib, json, os, sys
import ethosu.vela
package = os.path.dirname(os.path.abspath(ethosu.vela.__file__))
total = hashlib.sha256()
for folder, folders, files in sorted(os.walk(os.path.dirname(package))):
    for name in sorted(files):
        if name.endswith((".py", ".so", ".ini")):
            with open(os.path.join(folder, name), "rb") as file:
                total.update(name.encode() + b"\\0" + file.read())
print(json.dumps({"configs": os.path.join(os.path.dirname(package), "config_files"), "hash": total.hexdigest()[:16]}))
"""


def find_compiler(version: str, executable: str | None = None) -> Compiler:
    """Return the Vela that compiles: `executable` if given, which must be of `version`, otherwise that of `version`.

    For a BSP it is NXP's fork if installed, otherwise the release of the same number. Raises ToolError, with the
    command that installs it, if it is not installed; InputError if no release belongs to the version.
    """
    if executable is not None:
        return _as_asked(executable_compiler(executable), version, executable)
    if version == NEWEST:
        return bundled_compiler()
    own = find_environment(version)
    if own is not None and is_bsp(version):
        return own.compiler(f"the fork of {version}, installed from {own.requirement}")
    if own is not None:
        return own.compiler(f"in npufit's environment, installed from {own.requirement}")
    number = need_release_number(version)
    if not is_bsp(version):
        raise ToolError(_missing(number, version))
    if number == NEWEST:
        return replace(bundled_compiler(), stands_for=version)
    upstream = find_environment(number)
    if upstream is None:
        raise ToolError(_missing(number, version))
    return upstream.compiler(f"the upstream release with the number that {version} ships", version)


@functools.lru_cache(maxsize=8)
def executable_compiler(text: str) -> Compiler:
    """Return the Vela behind an executable. Raises InputError if `text` is none, ToolError if it does not run.

    A script that names its Python is run in that Python, so that npufit can record more than it writes; anything else
    is run directly.
    """
    found = shutil.which(os.path.expanduser(text))
    if found is None:
        raise InputError(f"--vela {text}: there is no such executable.")
    path = os.path.abspath(found)
    version = _VERSION.search(_printed([path, "--version"], text))
    if version is None:
        raise ToolError(f"--vela {text}: is not a Vela: it prints no version (--version).")
    origin = f"{text} (--vela)"
    python = _python_of(path)
    told = None if python is None else _told_by(python)
    if python is None or told is None:
        return Compiler(version[0], Way.EXECUTED, path, "", None, origin)
    way = Way.IMPORTED if int(version[0].split(".")[0]) >= 5 else Way.RECORDED
    return Compiler(version[0], way, python, f"{version[0]} {told['hash']}", Path(told["configs"]), origin)


def compiler_setting(compiler: Compiler) -> Setting:
    """Return which Vela ran, as a setting of the placement."""
    return Setting("vela", compiler.version, compiler.origin)


def _as_asked(compiler: Compiler, version: str, text: str) -> Compiler:
    number = release_number(version)
    if number is not None and number != compiler.number:
        asked = f"{version} ({number})" if is_bsp(version) else version
        raise InputError(
            f"--vela {text}: is Vela {compiler.version}, not {asked}, which was asked for. Omit that version, or give "
            f"{compiler.number}."
        )
    return compiler


def _missing(number: str, version: str) -> str:
    told = f"Vela {number} is not installed" + (f" ({version} ships a fork of it)" if version != number else "")
    if find_release(number) is None:
        return f"{told}, and its requirements are unknown. Give an executable with --vela PATH."
    return f"{told}. Install it with: npufit toolchain install vela@{number}"


def _python_of(path: str) -> str | None:
    """Return the Python that a script names in its first line, None if it is not a Python script."""
    try:
        with open(path, "rb") as file:
            head = file.read(_SHEBANG_BYTES)
    except OSError:
        return None
    line = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    if not line.startswith("#!"):
        return None
    words = line[2:].split()
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-")]
    return shutil.which(words[0]) if words and "python" in Path(words[0]).name else None


def _told_by(python: str) -> dict[str, str] | None:
    try:
        told = json.loads(_printed([python, "-c", _ASK], python))
    except (ToolError, ValueError):
        return None
    return {str(key): str(value) for key, value in told.items()}


def _printed(command: list[str], text: str) -> str:
    try:
        done = run_child(command, _TIME_LIMIT_S)
    except (OSError, ValueError) as error:
        raise ToolError(f"--vela {text}: could not be run: {error}.") from None
    if done.code is None:
        raise ToolError(f"--vela {text}: could not be run: it did not end within {_TIME_LIMIT_S:g} s.")
    if done.code != 0:
        last = done.errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ToolError(f"--vela {text}: failed to print its version: {' '.join(last) or 'no message'}.")
    return done.output.decode("utf-8", "replace")
