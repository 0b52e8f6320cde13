"""Installed releases of Vela for people."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.formatting import printable
from npufit.report.terminal_page import Page
from npufit.stacks.vela import BSPS, NEWEST, RELEASES, Environment, bsps_with, is_bsp, release_number


def toolchain_text(installed: Sequence[Environment], page: Page) -> str:
    """Return what is installed, and what each release and BSP needs."""
    lines = [page.ink("cyan", f"vela@{NEWEST}"), *page.labelled("from", "comes with npufit", "  ", 8)]
    for entry in installed:
        lines += [page.ink("cyan", f"vela@{entry.name}"), *_about(entry, page)]
    names = {entry.name for entry in installed}
    open_ = [release for release in RELEASES if release.number not in names and release.number != NEWEST]
    lines += ["", "Can be installed with npufit toolchain install vela@VERSION:"]
    for release in open_:
        pythons = ", ".join(f"{major}.{minor}" for major, minor in sorted(release.pythons))
        compiler = "; may need a C compiler" if release.needs_compiler else ""
        bsps = ", ".join(bsps_with(release.number))
        lines.append(f"  {release.number:<5} Python {pythons}{compiler}{f'; in {bsps}' if bsps else ''}")
    unknown = ", ".join(bsp.name for bsp in BSPS if bsp.release is None)
    lines += [
        "",
        *page.wrap("NXP's forks: npufit toolchain install vela --from REQUIREMENT_OR_FOLDER --as BSP"),
        f"BSPs whose Vela is unknown: {unknown}",
    ]
    return "\n".join(lines)


def installed_text(environment: Environment, asked: str) -> str:
    """Return what was installed, and how to use it."""
    fork = " as the fork of that BSP" if is_bsp(environment.name) else ""
    lines = [f"vela@{environment.name}: Vela {environment.version}{fork}, Python {environment.python_version}"]
    uses = (environment.name, *bsps_with(environment.name))
    lines.append(
        f"Use it: npufit check MODEL -t {' or -t '.join(f'imx93/vela@{name}' for name in uses)} or "
        f"-t imx93/direct --set vela={environment.name}"
    )
    number = release_number(environment.name)
    if number is not None and not environment.version.startswith(f"{number}."):
        lines.append(
            f"According to NXP's recipes {environment.name} ships Vela {number}; this one is {environment.version}."
        )
    if "lf-" in asked.lower() and not is_bsp(environment.name):
        lines.append(
            "This is the upstream release with the number that the BSP ships, not NXP's fork, which places "
            "ShuffleNet, YOLO and transformer networks differently (--from FORK --as BSP installs the fork)."
        )
    return "\n".join(lines)


def _about(entry: Environment, page: Page) -> list[str]:
    what = f"Vela {entry.version}, Python {entry.python_version}"
    return [
        *page.labelled("is", what, "  ", 8),
        *page.labelled("from", printable(entry.requirement), "  ", 8),
        *page.labelled("folder", printable(str(entry.folder)), "  ", 8),
    ]
