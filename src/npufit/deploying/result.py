"""The result of a deployment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from npufit.checking import CheckResult
from npufit.deploying.bundle import Bundle
from npufit.deploying.manifest import KernelRange, Manifest
from npufit.deploying.proving import BundleProof
from npufit.deploying.writing import write_bundle
from npufit.errors import InputError


@dataclass(frozen=True, slots=True)
class DeployResult:
    """A bundle, what was placed where, and the proof, None if none was requested.

    `warnings` are sentences to read before the bundle is trusted on a board.
    """

    placed: CheckResult
    bundle: Bundle
    proof: BundleProof | None
    warnings: tuple[str, ...] = ()
    allow_differences: bool = False

    @property
    def manifest(self) -> Manifest:
        """What the board reads."""
        return self.bundle.manifest

    @property
    def kernels(self) -> tuple[KernelRange, ...]:
        """Which releases of Linux accept the streams."""
        return self.manifest.kernels

    @property
    def has_failed(self) -> bool:
        """True if the bundle does not compute what the reference kernels do."""
        return self.proof is not None and self.proof.difference is not None

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the bundle into `folder`, the manifest last.

        Raises InputError if the proof failed (unless the options allow that), if the folder has files and `overwrite`
        is not given, or if it has files and no bundle.
        """
        if self.has_failed and not self.allow_differences:
            raise InputError(
                f"{self.manifest.model.name}: the bundle failed its proof, so it is not written. "
                "--allow-differences writes it anyway."
            )
        write_bundle(self.bundle, Path(folder), overwrite=overwrite)
