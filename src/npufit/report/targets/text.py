"""Targets and built-in networks for people."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.report.terminal_page import Page
from npufit.stacks import TargetInfo


def targets_text(targets: Sequence[TargetInfo], page: Page) -> str:
    """Return the list of targets with what is known about each."""
    lines: list[str] = []
    for info in targets:
        lines.append(page.ink("cyan", f"{info.chip}/{info.stack}"))
        if info.versions:
            versions = ", ".join(
                f"{version} (default)" if version == info.default_version else version for version in info.versions
            )
            lines += page.labelled("versions", versions, "  ", 10)
        lines += page.labelled("basis", f"{info.evidence}: {info.basis}", "  ", 10)
        lines += page.labelled("missing", info.missing, "  ", 10)
        lines.append("")
    lines.append("A target is written CHIP/STACK or CHIP/STACK@VERSION, for example -t imx93/teflon@26.1.")
    return "\n".join(lines)
