"""`npufit rules`: what each rule and hazard means."""

from __future__ import annotations

from pathlib import Path

import click

from npufit.cli.options import schema_option


@click.command("rules")
@click.argument("rule_id", metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@click.option(
    "--write",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write every rule as a Markdown page into FOLDER (this generates docs/rules).",
)
@schema_option("rules")
def command(rule_id: str | None, as_json: bool, write: Path | None) -> int:
    """Explain the rule or hazard ID, or list them all.

    \b
    npufit rules                      all, with a sentence each
    npufit rules ethosu.pad-folded    a hazard: what happens, when, and the way out
    npufit rules ethosu.per-channel   a refusal
    """
    from npufit.cli.output import page_for
    from npufit.report import to_json
    from npufit.report.rules import rule_entry, rule_text, rules_text, write_rule_pages
    from npufit.stacks import all_rules, find_rule

    page = page_for("auto")
    if write is not None:
        pages = write_rule_pages(all_rules(), write)
        click.echo(f"{len(pages)} pages written to {write}")
    elif rule_id is not None:
        rule = find_rule(rule_id)
        text = to_json(rule_entry(rule)) if as_json else rule_text(rule, page)
        click.echo(text, color=page.color)
    elif as_json:
        click.echo(to_json([rule_entry(rule) for rule in all_rules()]))
    else:
        click.echo(rules_text(all_rules(), page), color=page.color)
    return 0
