"""Environments and executables without a network: choosing a Python, listing, removing, and which Vela is taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import pytest
from click.testing import CliRunner

from networks.chains import chain
from npufit.cli.main import npufit
from npufit.errors import InputError, ToolError
from npufit.report.toolchain.text import installed_text
from npufit.stacks import Placement, PlaceOptions, resolve_target
from npufit.stacks.vela import STACK
from npufit.stacks.vela.compiler import Way
from npufit.stacks.vela.compiler_choice import executable_compiler, find_compiler
from npufit.stacks.vela.environments import (
    find_environment,
    installing,
    list_environments,
    put_in_place,
    remove_environment,
)
from npufit.stacks.vela.installing import Wish, install
from npufit.stacks.vela.pythons import find_python
from npufit.stacks.vela.releases import Minor

HERE: Minor = (sys.version_info[0], sys.version_info[1])
VELA = Path(sys.executable).with_name("vela")
posix = pytest.mark.skipif(os.name != "posix", reason="shell scripts")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder for environments."""
    monkeypatch.setenv("NPUFIT_CACHE_DIR", str(tmp_path))
    return tmp_path / "toolchains"


def make_environment(home: Path, name: str, version: str, requirement: str = "") -> Path:
    """Make what looks like an environment; a stand-in, because a real one takes a network."""
    folder = home / f"vela-{name}"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    manifest = {
        "form": 1,
        "name": name,
        "version": version,
        "requirement": requirement or f"ethos-u-vela=={version}",
        "package": "0123",
        "site": "lib",
        "python_version": "3.11",
    }
    (folder / "npufit.json").write_text(json.dumps(manifest))
    return folder


def ignore(stage: StrEnum, done: int, total: int) -> None:
    """Take no note of the progress."""


def executable(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@posix
def test_a_python_is_believed_only_when_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shims, versions = tmp_path / "shims", tmp_path / "versions" / "3.4.10" / "bin"
    shims.mkdir()
    versions.mkdir(parents=True)
    executable(shims / "python3.4", "#!/bin/sh\necho 'pyenv: python3.4: command not found' >&2\nexit 127\n")
    monkeypatch.setenv("PATH", str(shims))
    with pytest.raises(ToolError, match=r"no Python 3\.4 was found on PATH .*--python PATH"):
        find_python(((3, 4),))
    # A stand-in for a Python that old: it says what one would say.
    executable(versions / "python", "#!/bin/sh\necho python 3 4 /opt/python3.4\n")
    assert find_python(((3, 4),)).path == "/opt/python3.4"
    executable(shims / "python3.4", "#!/bin/sh\necho python 3 4 /usr/bin/python3.4\n")
    assert find_python(((3, 4),)).path == "/usr/bin/python3.4"
    assert find_python(((3, 4), HERE)).minor == (3, 4)
    assert find_python((HERE, (3, 4))).minor == HERE


def test_a_given_python_is_taken_or_refused() -> None:
    assert find_python(((3, 4),), sys.executable).minor == HERE
    with pytest.raises(InputError, match="not a Python that can be run"):
        find_python((HERE,), "/no/such/python")


def test_a_missing_release_names_the_one_command(home: Path) -> None:
    for version in ("3.8", "lf-6.1.36", "lf-6.1.36_2.1.0"):
        with pytest.raises(ToolError, match=r"Install it with: npufit toolchain install vela@3\.8$"):
            STACK.place(chain("RELU"), resolve_target(f"imx93/vela@{version}"), PlaceOptions())
    with pytest.raises(InputError, match=r"the Vela that lf-6\.18 ships is unknown"):
        STACK.place(chain("RELU"), resolve_target("imx93/vela@lf-6.18"), PlaceOptions())
    assert not home.exists()


@posix
def test_a_bsp_means_its_fork_where_that_is_installed(home: Path) -> None:
    target = resolve_target("imx93/vela@lf-6.1.36")
    make_environment(home, "3.8", "3.8.0")
    upstream = find_compiler(target.version)
    assert (upstream.version, upstream.way, upstream.stands_for) == ("3.8.0", Way.RECORDED, "lf-6.1.36")
    assert "upstream release" in upstream.origin
    make_environment(home, "lf-6.1.36", "3.8.0", "git+https://example.org/vela")
    fork = find_compiler(target.version)
    assert fork.stands_for == ""
    assert "the fork of lf-6.1.36, installed from git+https://example.org/vela" in fork.origin
    assert find_compiler("3.8").origin != fork.origin


@posix
def test_environments_are_listed_and_removed(home: Path) -> None:
    for name in ("3.10", "3.8"):
        make_environment(home, name, f"{name}.0")
    (make_environment(home, "3.9", "3.9.0") / "npufit.json").unlink()  # not whole: the manifest comes last
    assert [entry.name for entry in list_environments()] == ["3.8", "3.10"]
    runner = CliRunner()
    listed = runner.invoke(npufit, ["toolchain"])
    assert "vela@3.8" in listed.output
    assert "Vela 3.10.0, Python 3.11" in listed.output
    document = json.loads(runner.invoke(npufit, ["toolchain", "--json"]).output)
    assert [entry["name"] for entry in document["installed"]] == ["3.8", "3.10"]
    assert {"bsp": "lf-6.1.36", "release": "3.8"}.items() <= document["bsps"][4].items()
    assert runner.invoke(npufit, ["toolchain", "remove", "vela@3.8"]).output == "removed vela@3.8\n"
    assert [entry.name for entry in list_environments()] == ["3.10"]
    with pytest.raises(InputError, match=r"Vela 3\.8 is not installed in an environment .* Installed: 3\.10\."):
        remove_environment("3.8")


@posix
def test_a_fork_with_another_number_than_the_bsp_is_told(home: Path) -> None:
    make_environment(home, "lf-6.1.36", "3.9.0")
    (fork,) = list_environments()
    assert "lf-6.1.36 ships Vela 3.8; this one is 3.9.0" in installed_text(fork, "vela")


def test_what_a_killed_installation_left_goes(home: Path) -> None:
    for left in (".installing-3.8-abc", ".removed-3.8-12", ".installing-3.10-def"):
        (home / left / "bin").mkdir(parents=True)
    with installing("3.8"):
        assert sorted(path.name for path in home.iterdir() if path.is_dir()) == [".installing-3.10-def"]
    assert find_environment("3.8") is None


@posix
def test_scripts_start_the_python_of_where_they_end_up(home: Path) -> None:
    folder = make_environment(home, ".installing-3.8", "3.8.0")
    executable(folder / "bin" / "vela", f"#!{folder}/bin/python\nprint('started')\n")
    put_in_place(folder, home, "3.8")
    found = subprocess.run([home / "vela-3.8" / "bin" / "vela"], capture_output=True, check=True, text=True)
    assert found.stdout == "started\n"


@posix
@pytest.mark.parametrize("step", ["venv", "pip"])
def test_a_failed_installation_leaves_nothing(home: Path, tmp_path: Path, step: str) -> None:
    # A stand-in for a Python without venv, or without what pip needs: neither can be had on every machine.
    python = executable(
        tmp_path / "python-without",
        f'#!/bin/sh\ncase "$*" in *version_info*) echo python {HERE[0]} {HERE[1]} $0;; '
        f"*'-m venv'*) test {step} = pip || exit 1; for last; do :; done; mkdir -p $last/bin; cp $0 $last/bin/python;; "
        "*) echo 'no matching distribution'; exit 1;; esac\n",
    )
    with pytest.raises(ToolError, match="venv" if step == "venv" else "(?s)pip could not install.*no matching dist"):
        install(Wish("3.8", "ethos-u-vela==3.8.0", python), ignore)
    assert [path.name for path in home.iterdir()] == [".lock-3.8"]


@pytest.fixture
def place_with() -> Callable[[str, str], Placement]:
    """Return how a small model is placed with an executable."""

    def place(target: str, vela: str) -> Placement:
        return STACK.place(chain("RELU", "EXP"), resolve_target(target, vela), PlaceOptions(vela=vela))

    return place


@pytest.mark.skipif(not VELA.exists(), reason="the script vela is not beside the Python of the tests")
def test_an_executable_of_ones_own_compiles(place_with: Callable[[str, str], Placement]) -> None:
    compiler = executable_compiler(str(VELA))
    assert (compiler.way, compiler.number) == (Way.IMPORTED, "5.2")
    placement = place_with("imx93/vela", str(VELA))
    assert str(placement.target) == "imx93/vela@5.2"
    assert placement.settings[-1].origin == f"{VELA} (--vela)"
    with pytest.raises(InputError, match=r"is Vela 5\.2\.\d, not lf-6\.1\.36 \(3\.8\), which was"):
        place_with("imx93/vela@lf-6.1.36", str(VELA))


@posix
def test_an_executable_that_is_no_script_of_python(tmp_path: Path, home: Path) -> None:
    # A stand-in for a packaged older Vela: it says its version, and answers with what a real 3.8 wrote.
    data = Path(__file__).parent / "data"
    path = executable(
        tmp_path / "packaged-vela",
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo 3.8.0; exit; fi\ncat {data}/vela-3.8-printed.txt\n'
        f"cp {data}/vela-3.8-compiled.tflite model_vela.tflite; cp {data}/vela-3.8-debug.xml model_debug.xml\n"
        f'cp {data}/vela-3.8-summary.csv model_summary_x.csv; echo "$@" > {tmp_path}/arguments\n',
    )
    target = resolve_target("imx93/vela", path)
    assert str(target) == "imx93/vela@3.8"
    placement = STACK.place(chain("RELU", "ABS", "SOFTMAX"), target, PlaceOptions(vela=path))
    assert [(str(placed.unit), placed.partition) for placed in placement.operators] == [("npu", 0)] * 3
    arguments = (tmp_path / "arguments").read_text()
    assert "--memory-mode Dedicated_Sram " in arguments
    assert "--arena-cache-size 393216" in arguments
    assert not (home.parent / "vela").exists()  # what nothing tells apart is not cached


@posix
def test_executables_that_are_no_vela(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such executable"):
        executable_compiler(str(tmp_path / "absent"))
    with pytest.raises(ToolError, match=r"failed to print its version: broken"):
        executable_compiler(executable(tmp_path / "a", "#!/bin/sh\necho broken >&2\nexit 1\n"))
    with pytest.raises(ToolError, match=r"prints no version"):
        executable_compiler(executable(tmp_path / "b", "#!/bin/sh\necho hello\n"))
