"""The software stacks: what each accepts, how it partitions, what it compiles.

To add a stack, add a folder with a `STACK` and one line in `registry.py`.
"""

from npufit.stacks.former_ids import current_id, former_ids
from npufit.stacks.log import LogReport, apply_log
from npufit.stacks.placement import (
    CompilerEstimate,
    CompilerPass,
    Difference,
    Hazard,
    LibraryRun,
    MemoryUse,
    Note,
    NpuCount,
    OperatorPlacement,
    Partition,
    Placement,
    Report,
    Setting,
    Status,
    Traffic,
    Unit,
)
from npufit.stacks.registry import (
    all_rules,
    all_targets,
    compiling_stack,
    find_rule,
    identify_tools,
    load_stack,
    prepare_stack,
    require_library_target,
    resolve_target,
    stack_names,
)
from npufit.stacks.rule import Effect, Evidence, Finding, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.stack import Acceptance, Compiles, PlaceOptions, Stack
from npufit.stacks.target import Target, TargetInfo

__all__ = [
    "Acceptance",
    "CompilerEstimate",
    "CompilerPass",
    "Compiles",
    "Difference",
    "Effect",
    "Evidence",
    "Finding",
    "Hazard",
    "LibraryRun",
    "LogReport",
    "MemoryUse",
    "Note",
    "NpuCount",
    "OperatorPlacement",
    "Partition",
    "PlaceOptions",
    "Placement",
    "Remedy",
    "RemedyKind",
    "Report",
    "Rule",
    "RuleKind",
    "Setting",
    "Stack",
    "Stage",
    "Status",
    "Target",
    "TargetInfo",
    "Traffic",
    "Unit",
    "all_rules",
    "all_targets",
    "apply_log",
    "compiling_stack",
    "current_id",
    "find_rule",
    "former_ids",
    "identify_tools",
    "load_stack",
    "prepare_stack",
    "require_library_target",
    "resolve_target",
    "stack_names",
]
