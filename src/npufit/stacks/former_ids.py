"""Former ids of rules, still accepted wherever a user gives an id."""

from __future__ import annotations

FORMER_IDS = {
    "H1": "ethosu.brick-order",
    "H2": "ethosu.pad-folded",
    "H3": "ethosu.padding-underflow",
    "H4": "ethosu.concat-misplaced",
    "H5": "ethosu.slice-offset",
    "H6": "ethosu.resize-doubled",
    "H7": "ethosu.depthwise-weights",
    "H8": "ethosu.relu-unclamped",
    "H9": "teflon.elementwise-operands",
    "H10": "ethosu.int16-table",
    "H11": "ethosu.compare-scales",
    "H12": "ethosu.stride-overflow",
    "H13": "ethosu.int16",
    "H14": "teflon.activation-dropped",
    "H15": "teflon.missing-bias",
    "H16": "ethosu.flattened-input",
    "H17": "teflon.element-type",
    "H18": "teflon.operand-read-early",
    "H19": "ethosu.lost-dimensions",
    "H20": "rocket.unfusable-add",
    "H21": "rocket.misfused-add",
    "H22": "rocket.int8-as-uint8",
    "H23": "teflon.quantized-dimension",
}
"""The current id by the former one. To be removed with the first release after 0.1."""


def former_ids(rule_id: str) -> tuple[str, ...]:
    """Return the former ids of the rule now called `rule_id`."""
    return tuple(former for former, current in FORMER_IDS.items() if current == rule_id)


def current_id(rule_id: str) -> str:
    """Return the id that the rule formerly called `rule_id` has now; any other id is returned unchanged."""
    return FORMER_IDS.get(rule_id.upper(), rule_id)
