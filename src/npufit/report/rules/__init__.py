"""Rules and hazards as a document, text and pages of the documentation."""

from npufit.report.rules.document import rule_entry
from npufit.report.rules.text import rule_text, rules_text, write_rule_pages

__all__ = [
    "rule_entry",
    "rule_text",
    "rules_text",
    "write_rule_pages",
]
