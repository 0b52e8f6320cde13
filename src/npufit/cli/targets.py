"""`npufit targets`: the chips and stacks that can be asked about."""

from __future__ import annotations

import json

import click


@click.command("targets")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> int:
    """List chips and stacks: versions, what placement rests on, and what is missing."""
    from npufit.cli.output import page_for
    from npufit.report.targets.text import target_document, targets_text
    from npufit.stacks import all_targets

    targets = all_targets()
    if as_json:
        click.echo(json.dumps([target_document(info) for info in targets], indent=2))
    else:
        page = page_for("auto")
        click.echo(targets_text(targets, page), color=page.color)
    return 0
