"""Packages of any Debian suite and architecture, fetched with apt, without touching the system's own configuration.

The lists and the packages stay in a folder of their own; nothing is installed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_MIRROR = "http://deb.debian.org/debian"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_CONFIGURATION = """\
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Architecture "{architecture}";
APT::Architectures "{architecture}";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
"""


class AptError(Exception):
    """apt is missing, or could not do what it was asked for; the message is meant for the user."""


@dataclass(frozen=True, slots=True)
class Available:
    """A version of a package that a suite offers."""

    package: str
    version: str


class PrivateApt:
    """apt for one architecture, with its state in `folder` and nothing else; `suites` such as `sid`, newest first."""

    def __init__(self, folder: Path, architecture: str, suites: Iterable[str]) -> None:
        """Write the configuration. Raises AptError if there is no apt or no keyring of Debian."""
        if shutil.which("apt-get") is None or not _KEYRING.exists():
            raise AptError(f"this needs apt-get and {_KEYRING} (package debian-archive-keyring).")
        self.folder = folder.resolve()
        self._packages = self.folder / "packages"
        for name in ("state/lists/partial", "cache/archives/partial", "packages"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        sources = (f"{kind} [signed-by={_KEYRING}] {_MIRROR} {suite} main\n" for suite in suites for kind in _KINDS)
        (self.folder / "sources.list").write_text("".join(sources))
        settings = _CONFIGURATION.format(folder=self.folder, architecture=architecture)
        (self.folder / "apt.conf").write_text(settings)

    def update(self) -> None:
        """Fetch the suites' lists of packages. Raises AptError."""
        self._call("apt-get", "update", "--error-on=any")

    def list_versions(self, package: str) -> tuple[Available, ...]:
        """Return what the suites offer of the binary packages whose name matches the regular expression `package`."""
        names = self._call("apt-cache", "search", "--names-only", package).splitlines()
        return tuple(self._versions(sorted({line.split()[0] for line in names})))

    def _versions(self, packages: Iterable[str]) -> Iterator[Available]:
        for package in packages:
            seen = (line.split("|")[1].strip() for line in self._madison(package) if line.endswith("Packages"))
            yield from (Available(package, version) for version in dict.fromkeys(seen))

    def list_sources(self, package: str) -> tuple[str, ...]:
        """Return the versions of a source package that the suites list; not all of them may still be served."""
        lines = (line.split("|") for line in self._madison(package) if line.endswith("Sources"))
        return tuple(dict.fromkeys(version.strip() for _, version, _ in lines))

    def _madison(self, package: str) -> list[str]:
        return self._call("apt-cache", "madison", package).splitlines()

    def download(self, offers: Iterable[Available]) -> tuple[Path, ...]:
        """Return the files of binary packages. Raises AptError if one is not served."""
        wanted = {f"{it.package}={it.version}": f"{it.package}_{it.version.replace(':', '%3a')}_*.deb" for it in offers}
        absent = [name for name, pattern in wanted.items() if not list(self._packages.glob(pattern))]
        if absent:
            self._call("apt-get", "download", *absent)
        return tuple(next(self._packages.glob(pattern)) for pattern in wanted.values())

    def download_source(self, package: str, version: str) -> Path:
        """Return the upstream archive of a source package, without Debian's patches. Raises AptError."""
        pattern = f"{package}_{version.rpartition('-')[0]}.orig.tar.*"
        # The description of an old source package may be gone while its archive is still there.
        self._call("apt-get", "source", "--download-only", "--tar-only", f"{package}={version}", tolerant=True)
        found = list(self._packages.glob(pattern))
        if not found:
            raise AptError(f"the source of {package} {version} is not served any more.")
        return found[0]

    def install_list(self, packages: Iterable[str]) -> tuple[Available, ...]:
        """Return what would have to be installed for `packages` (NAME or NAME=VERSION) on an empty system."""
        lines = self._call("apt-get", "install", "--simulate", *packages).splitlines()
        chosen = (line.split() for line in lines if line.startswith("Inst "))
        return tuple(Available(words[1].split(":")[0], words[2].lstrip("(")) for words in chosen)

    def _call(self, program: str, *arguments: str, tolerant: bool = False) -> str:
        done = subprocess.run(
            [program, "-c", str(self.folder / "apt.conf"), "--quiet", *arguments],
            cwd=self._packages,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and not tolerant:
            raise AptError(f"{program} {' '.join(arguments)} failed:\n{done.stderr.strip()}")
        return done.stdout


_KINDS = ("deb", "deb-src")
