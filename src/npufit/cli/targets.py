"""`npufit targets`: the supported chips and stacks."""

from __future__ import annotations

import click

from npufit.cli.options import schema_option


@click.command("targets")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@schema_option("targets")
def command(as_json: bool) -> int:
    """List chips and stacks: versions, the evidence behind placement, and what is missing.

    Chips of your own: set NPUFIT_CHIPS to a folder of TOML files, one for each chip (docs/targets.md).
    """
    from npufit.cli.output import page_for
    from npufit.report import to_json
    from npufit.report.targets import target_entry, targets_text
    from npufit.stacks import all_targets

    targets = all_targets()
    if as_json:
        click.echo(to_json([target_entry(info) for info in targets]))
    else:
        page = page_for("auto")
        click.echo(targets_text(targets, page), color=page.color)
    return 0
