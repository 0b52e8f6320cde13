"""Which pass is written against which rule, so that a check can name the command that tries it.

That a pass is named does not say that it applies to this very operator: each does so only where it is exact, or says
how far it is off. `npufit fit --list` tells.
"""

from __future__ import annotations

_CURES = {
    "fold-pad": ("ethosu.pad-folded", "ethosu.padding-underflow", "neutron.pad-before-stride", "vx.pad-zero-point"),
    "break-escape": ("ethosu.brick-order",),
    "unfuse-activations": (
        "ethosu.relu-unclamped",
        "teflon.activation-dropped",
        "teflon.relu6-range",
        "vx.transpose-conv-activation",
    ),
    "relu6-range": ("teflon.relu6-range",),
    "join-axis": (
        "ethosu.concat-misplaced",
        "ethosu.concat-last-axis",
        "ethosu.concat-axis",
        "etnaviv.concat-axis",
        "etnaviv.split",
    ),
    "fix-batch": (
        *("teflon.operand-read-early", "vela.unknown-shape", "teflon.shape-unknown", "vx.no-shape", "vx.dynamic-graph"),
        *("vx.reshape-by-options", "vx.empty-graph", "vx.pack-type", "vx.computed-shape", "vx.computed-slice"),
        *("vx.computed-size", "vx.operand-read-early", "vx.stacked-scalar"),
    ),
    "vector-gather": ("vx.scalar-gather",),
    "clean-reshapes": ("teflon.operand-read-early",),
    "rearrange-additions": ("rocket.unfusable-add", "rocket.misfused-add"),
    "unused-stride": ("ethosu.stride-overflow",),
    "to-uint8": ("rocket.int8-as-uint8",),
    "per-tensor": ("ethosu.per-channel", "etnaviv.per-channel", "rocket.per-channel"),
    "quantize": ("teflon.element-type",),
    "substitute": ("ethosu.dilation", "etnaviv.dilation", "rocket.dilation"),
}

_BY_RULE: dict[str, tuple[str, ...]] = {}
for _name, _rules in _CURES.items():
    for _rule in _rules:
        _BY_RULE[_rule] = (*_BY_RULE.get(_rule, ()), _name)


def passes_against(rule_id: str) -> tuple[str, ...]:
    """Return the names of the passes that are written against the rule called `rule_id`, exact ones first."""
    return _BY_RULE.get(rule_id, ())


_APPROXIMATE = ("relu6-range", "per-tensor", "substitute", "quantize")


def fit_options(rule_id: str) -> tuple[str, ...]:
    """Return, for each pass against the rule called `rule_id`, what `npufit fit` is given to try it alone."""
    return tuple(
        f"--allow-approximate --only {name}" if name in _APPROXIMATE else f"--only {name}"
        for name in passes_against(rule_id)
    )
