"""The ethosu driver of Linux releases, unpacked from Debian's packages into a folder that git ignores."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from private_apt import AptError, PrivateApt

_SUITES = ("sid", "forky", "trixie-backports", "experimental")
_DRIVER = "drivers/accel/ethosu"
_INTERFACE = "include/uapi/drm/ethosu_accel.h"


class KernelSources:
    """Drivers by release, each fetched once."""

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`."""
        self._folder = folder
        self._apt: PrivateApt | None = None

    def unpack(self, release: str) -> Path:
        """Return the folder of the driver of `release`, such as 7.2.9, with the interface's header beside it.

        Raises AptError if Debian does not serve the release.
        """
        folder = self._folder / "sources" / release
        if not folder.exists():
            archive = self._fetch(release)
            partial = folder.with_name(f"{release}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            for name, content in _read_driver(archive):
                (partial / name).write_bytes(content)
            archive.unlink()
            partial.rename(folder)
        return folder

    def _fetch(self, release: str) -> Path:
        apt = self._prepared()
        for offer in apt.list_versions(r"^linux-source-[0-9.]+$"):
            if _release(offer.version) == release:
                return apt.download([offer])[0]
        for version in apt.list_sources("linux"):
            if _release(version) == release:
                return apt.download_source("linux", version)
        raise AptError(f"Linux {release} is in none of the suites {', '.join(_SUITES)}.")

    def _prepared(self) -> PrivateApt:
        if self._apt is None:
            self._apt = PrivateApt(self._folder / "apt", "amd64", _SUITES)
            self._apt.update()
        return self._apt


def _release(version: str) -> str:
    return version.partition("-")[0].replace("~", "-")


def _read_driver(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the driver's files in a source package (.deb) or an upstream archive."""
    if archive.suffix != ".deb":
        with tarfile.open(archive, "r:*") as tar:
            yield from _read_tar(tar)
        return
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as unpacking,
        tarfile.open(fileobj=unpacking.stdout, mode="r|") as package,
    ):
        for member in package:
            if Path(member.name).name.startswith("linux-source-") and ".tar" in member.name:
                with tarfile.open(fileobj=package.extractfile(member), mode="r|xz") as tar:
                    yield from _read_tar(tar)
        unpacking.kill()


def _read_tar(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    found = False
    for member in archive:
        path = Path(member.name)
        inside = "/".join(path.parts[1:])
        if inside == _INTERFACE or "/".join(path.parts[1:-1]) == _DRIVER:
            content = archive.extractfile(member)
            if content is not None and path.suffix in (".c", ".h"):
                found = True
                yield path.name, content.read()
    if not found:
        raise AptError(f"there is no {_DRIVER} in {archive.name}.")
