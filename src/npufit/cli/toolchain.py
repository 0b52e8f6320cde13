"""`npufit toolchain`: other releases of Vela, each in its own environment."""

from __future__ import annotations

import click

from npufit.cli import exit_codes
from npufit.cli.options import schema_option


@click.group("toolchain", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@schema_option("toolchain")
@click.pass_context
def command(context: click.Context, as_json: bool) -> int:
    """List, install and remove other releases of Vela, such as the one that your board's BSP ships.

    \b
    npufit toolchain
    npufit toolchain install vela@3.8
    npufit toolchain install vela@lf-6.1.36
    npufit toolchain install vela --from ./ethos-u-vela --as lf-6.1.36
    npufit toolchain remove vela@3.8

    Without a command it lists what is installed and what can be. Each release has its own environment in npufit's cache
    folder, with a suitable Python. Only `install` uses the network, through pip.
    """
    if context.invoked_subcommand is not None:
        return exit_codes.FINE
    from npufit.cli.output import page_for
    from npufit.report import to_json
    from npufit.report.toolchain import toolchain_document, toolchain_text
    from npufit.stacks.vela import list_environments

    found = list_environments()
    page = page_for("auto")
    text = to_json(toolchain_document(found)) if as_json else toolchain_text(found, page)
    click.echo(text, color=page.color)
    return exit_codes.FINE


@command.command("install")
@click.argument("tool", metavar="TOOL")
@click.option(
    "--from",
    "source",
    metavar="REQUIREMENT",
    help="Install this instead of the release: a folder, an archive, a URL, git+https://..., ethos-u-vela==4.2.0.",
)
@click.option(
    "--as", "name", metavar="VERSION", help="Name for what --from installs: a BSP such as lf-6.1.36, or a release."
)
@click.option("--python", metavar="PATH", help="The Python of the environment; default: a suitable one on PATH.")
@click.option("--force", is_flag=True, help="Install again even if it is installed.")
def install_command(tool: str, source: str | None, name: str | None, python: str | None, force: bool) -> int:
    """Install TOOL: vela@VERSION, where VERSION is a release (3.8) or a BSP (lf-6.1.36).

    \b
    npufit toolchain install vela@3.8
    npufit toolchain install vela@3.7 --python /opt/python3.8/bin/python3
    npufit toolchain install vela --from git+https://example.org/ethos-u-vela@lf-6.1.36-2.1.0 --as lf-6.1.36

    A BSP without --from gets the upstream release with the number that it ships. NXP's fork places some networks
    differently; once installed with --from, it takes precedence. pip runs code of what it installs, so use sources that
    you trust.
    """
    from npufit.cli.progress import progress_bar
    from npufit.report.toolchain import installed_text
    from npufit.stacks.vela import install, wish_for

    wish = wish_for(tool, source, name, python)
    with progress_bar() as progress:
        environment = install(wish, progress, force=force)
    click.echo(installed_text(environment, tool))
    return exit_codes.FINE


@command.command("remove")
@click.argument("tool", metavar="TOOL")
def remove_command(tool: str) -> int:
    """Remove TOOL, named as in the list: vela@3.8, or vela@lf-6.1.36."""
    from npufit.errors import InputError
    from npufit.stacks.vela import read_version, remove_environment

    kind, _, version = tool.partition("@")
    name = read_version(version) if kind == "vela" else None
    if name is None:
        raise InputError(f"cannot read '{tool}'. Write it as npufit toolchain lists it, such as vela@3.8.")
    remove_environment(name)
    click.echo(f"removed vela@{name}")
    return exit_codes.FINE
