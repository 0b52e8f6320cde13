"""Rooms are entered by their front doors: what one takes from another is on the face of a package, never behind it."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from real_files import REPOSITORY

_SOURCE = REPOSITORY / "src"
_FILES = sorted((_SOURCE / "npufit").rglob("*.py"))
_PACKAGES = [".".join(path.relative_to(_SOURCE).parent.parts) for path in _FILES if path.name == "__init__.py"]
_ROOMS = [package for package in _PACKAGES if package.count(".") == 1]
_SIDE_DOORS = {"npufit.graph.arrays": "the part of the graph that needs numpy, which a check does not import"}
"""Modules that others may enter, with the reason."""


def _module(path: Path) -> str:
    return ".".join(path.relative_to(_SOURCE).with_suffix("").parts).removesuffix(".__init__")


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


@cache
def _entered() -> tuple[tuple[Path, int, str, frozenset[str]], ...]:
    """Return what each file takes from other rooms, with the line; modules beside the rooms are open to all."""
    return tuple(
        (path, node.lineno, node.module, frozenset(alias.name for alias in node.names))
        for path in _FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module is not None
        if _room(node.module) in _ROOMS and _room(node.module) != _room(_module(path))
    )


def test_there_are_rooms_and_doors_between_them() -> None:
    assert {"npufit.checking", "npufit.graph", "npufit.stacks"} <= set(_ROOMS)
    assert len(_entered()) > 500


@pytest.mark.parametrize("room", _ROOMS)
def test_imports_from_other_rooms_name_a_package_and_what_is_on_its_face(room: str) -> None:
    for path, line, module, names in _entered():
        if _room(module) != room or module in _SIDE_DOORS:
            continue
        where = f"{path.relative_to(REPOSITORY)}:{line}"
        assert module in _PACKAGES, f"{where} enters {module}, a module behind the door of {room}"
        behind = names - set(import_module(module).__all__)
        assert not behind, f"{where} takes {set(behind)}, which is not on the face of {module}"


def test_every_side_door_is_used() -> None:
    assert {module for _, _, module, _ in _entered()} >= set(_SIDE_DOORS)


def test_a_face_shows_and_defines_nothing() -> None:
    for package in _PACKAGES:
        tree = ast.parse((_SOURCE / Path(*package.split(".")) / "__init__.py").read_text(encoding="utf-8"))
        defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        assert not defined, (package, defined)


@pytest.mark.parametrize("package", _PACKAGES)
def test_a_lazy_face_shows_its_own_modules_and_type_checkers_see_the_same(package: str) -> None:
    face = import_module(package)
    homes: dict[str, tuple[str, ...]] = getattr(face, "_HOMES", {})
    path = _SOURCE / Path(*package.split(".")) / "__init__.py"
    shown = {
        node.module: {alias.name for alias in node.names}
        for block in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
    }
    assert shown == {home: set(names) for home, names in homes.items()}
    assert all(home.startswith(f"{package}.") for home in homes)
    assert {name for names in homes.values() for name in names} <= set(getattr(face, "__all__", ()))


@pytest.mark.parametrize("room", ["npufit", *_ROOMS])
def test_a_room_can_be_entered_first_and_has_all_that_its_faces_show(room: str) -> None:
    packages = [package for package in _PACKAGES if package == room or package.startswith(f"{room}.")]
    code = (
        "from importlib import import_module\n"
        f"for package in {packages if room != 'npufit' else ['npufit']!r}:\n"
        "    face = import_module(package)\n"
        "    for name in getattr(face, '__all__', ()): assert getattr(face, name) is not None, (package, name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_face_does_not_give_a_module_for_a_name() -> None:
    for package in _PACKAGES:
        face = import_module(package)
        assert not [name for name in getattr(face, "__all__", ()) if isinstance(getattr(face, name), ModuleType)]


def test_a_name_is_no_module_because_another_of_its_home_came_first() -> None:
    script = "from npufit.measuring import probe_board; from npufit.measuring import bench; bench.__call__"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
