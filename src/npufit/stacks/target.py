"""Targets: a chip, a stack and a version of it."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.stacks.rule import Evidence


@dataclass(frozen=True, slots=True)
class Target:
    """A chip, a stack and a version, written `imx93/teflon@26.1`."""

    chip: str
    stack: str
    version: str

    def __str__(self) -> str:
        """Return the target in the user's spelling."""
        return f"{self.chip}/{self.stack}@{self.version}" if self.version else f"{self.chip}/{self.stack}"


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """What `npufit targets` says about a chip with a stack.

    `versions` are the ones with their own rules, oldest first; `default_version` is used if none is given. `basis` is a
    sentence on the evidence behind placement; `missing` says what is unknown or missing.
    """

    chip: str
    stack: str
    versions: tuple[str, ...]
    default_version: str
    evidence: Evidence
    basis: str
    missing: str
