"""What the stacks with a TensorFlow Lite delegate share: reading operators, cutting, placing, hazards."""

from npufit.stacks.delegates.located_operator import LocatedOperator
from npufit.stacks.delegates.partitioning import describe_partition, partition_epochs
from npufit.stacks.delegates.placed_graph import DelegateGraph, PlacedGraph, hazard_at
from npufit.stacks.delegates.placing import DelegateRules, place_by_rules

__all__ = [
    "DelegateGraph",
    "DelegateRules",
    "LocatedOperator",
    "PlacedGraph",
    "describe_partition",
    "hazard_at",
    "partition_epochs",
    "place_by_rules",
]
