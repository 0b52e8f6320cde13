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
        """Return the target as people write it."""
        return f"{self.chip}/{self.stack}@{self.version}" if self.version else f"{self.chip}/{self.stack}"


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """What `npufit targets` says about a chip with a stack.

    `versions` are the ones with rules of their own, oldest first; `default_version` is taken where none is given.
    `basis` says in a sentence what placement rests on, `missing` what is not known or not there.
    """

    chip: str
    stack: str
    versions: tuple[str, ...]
    default_version: str
    evidence: Evidence
    basis: str
    missing: str
