"""What the rocket driver (Rockchip RK3588) accepts: convolutions and the additions that fuse into them.

Its source was read in a state from the 26.1 era; for other releases the rules are inferred.
"""

from __future__ import annotations

from npufit.graph import CONVOLUTIONS
from npufit.stacks.rule import Rule
from npufit.stacks.teflon.check import Check
from npufit.stacks.teflon.drivers import common
from npufit.stacks.teflon.drivers.driver import Driver
from npufit.stacks.teflon.node import Node
from npufit.stacks.teflon.release import ALL, Release
from npufit.stacks.teflon.sources import ROCKET as SOURCE

READ = frozenset({Release.M26_1})
VERSIONS = "read for 26.1; inferred for the other releases"
_ACCEPTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "ADD"})


def _unsupported(node: Node, release: Release) -> str | None:
    return None if node.type in _ACCEPTED else node.type


def _rule(slug: str, statement: str, limit: str, why: str, example: str, way_out: str) -> Rule:
    return common.driver_rule(
        f"rocket.{slug}", statement, limit, why, example, way_out, versions=VERSIONS, source=SOURCE
    )


UNSUPPORTED = _rule(
    "unsupported-type",
    "Teflon translates this operator type, but the rocket driver has no implementation for it.",
    "CONV_2D, DEPTHWISE_CONV_2D or ADD",
    "The frontend is shared by three drivers; it maps more than any of them takes.",
    "AVERAGE_POOL_2D, CONCATENATION, RESHAPE.",
    "choose a network of convolutions and additions, or keep other operators at its ends",
)
PER_CHANNEL = common.per_channel_rule("rocket", VERSIONS, SOURCE)
DILATION = common.dilation_rule("rocket", VERSIONS, SOURCE)
CONSTANT_OPERAND = _rule(
    "constant-operand",
    "ADD is refused if one operand is a constant.",
    "both operands computed",
    "The addition is fused into the convolution that produces one of its operands.",
    "x + 3 in a hard-swish that was not fused.",
    "fold the constant into the bias of the convolution before it",
)

ROCKET = Driver(
    "rocket",
    (
        Check(UNSUPPORTED, None, ALL, _unsupported, READ),
        Check(PER_CHANNEL, CONVOLUTIONS, ALL, common.per_channel, READ),
        Check(DILATION, CONVOLUTIONS, ALL, common.dilation, READ),
        Check(CONSTANT_OPERAND, frozenset({"ADD"}), ALL, common.constant_operand, READ),
    ),
    {Release.M26_1: SOURCE},
)
