"""Compare Debian's arm64 libteflon, under qemu-user, with npufit's rules for rocket and etnaviv.

    PYTHONPATH=tests python -m arm64.compare tests/models/single_ops
    PYTHONPATH=tests python -m arm64.compare models/ --mesa 26.2.6 --chip rk3588

For each library that Debian serves and each chip: `npufit vnpu --differential`, placement only, since no job of these
drivers can be executed. Exit code 0: everything agrees; 1: something does not; 3: the root cannot be built.
"""

from __future__ import annotations

import argparse
import itertools
import shlex
import subprocess
import sys
from pathlib import Path

from arm64.root import Root, RootError, build_root
from private_apt import AptError

_REPOSITORY = Path(__file__).parents[2]
_BUILD = _REPOSITORY / "build" / "debian"
_CHIPS = ("rk3588", "imx8mp")


def main() -> int:
    """Build the root, compare, and return the exit code."""
    options = _parse()
    try:
        root = build_root(_BUILD)
    except (RootError, AptError) as error:
        print(error)
        return 3
    versions = options.mesa or list(root.libraries)
    unknown = [version for version in versions if version not in root.libraries]
    if unknown:
        print(f"Debian does not serve Mesa {', '.join(unknown)}, but {', '.join(root.libraries)}.")
        return 3
    codes = [
        _compare(root, version, chip, options.folder)
        for version, chip in itertools.product(versions, options.chip or _CHIPS)
    ]
    return max(codes)


def _compare(root: Root, version: str, chip: str, folder: Path) -> int:
    release = ".".join(version.split(".")[:2])
    report = _BUILD / f"{chip}-{version}.json"
    command = [
        *(sys.executable, "-m", "npufit", "vnpu", "--differential", str(folder), "--no-answers"),
        *("-t", f"{chip}/teflon@{release}", "--library", str(root.libraries[version])),
        *("--library-python", shlex.join(root.python), "--json", str(report)),
    ]
    print(f"\n$ {shlex.join(command)}", flush=True)
    return subprocess.run(command, check=False).returncode


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models = _REPOSITORY / "tests" / "models"
    parser.add_argument("folder", nargs="?", type=Path, default=models, help="a folder of models")
    parser.add_argument("--mesa", action="append", help="a version that Debian serves; default: all of them")
    parser.add_argument("--chip", action="append", choices=_CHIPS, help="default: both")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
