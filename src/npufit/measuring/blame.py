"""Whose difference is it? The compiled file on the simulator, beside what the board computed of it."""

from __future__ import annotations

from npufit.errors import InputError, ToolError
from npufit.execution import GOLDEN, Values, compare
from npufit.graph import Model
from npufit.running import RunOptions, prepare
from npufit.stacks import PlaceOptions, Target, compiling_stack

THE_COMPILERS = "npufit's simulator computes the same of the compiled file: the difference is the compiler's"
THE_BOARDS = "npufit's simulator computes something else of the compiled file: the difference is the board's"


def whose_difference(model: Model, inputs: Values, found: Values, target: Target, options: PlaceOptions) -> str:
    """Return whether the simulator of `target`'s NPU computes of `inputs` what the board `found`, as a clause.

    It is empty for a target whose compiled files npufit does not execute, and if the simulator cannot.
    """
    if compiling_stack(target) is None:
        return ""
    try:
        simulated = prepare(model, target, RunOptions(place=options)).run(inputs)
    except (InputError, ToolError):
        return ""
    if not found.keys() <= simulated.keys():
        return ""
    return THE_COMPILERS if compare(model, found, simulated, GOLDEN).is_equal else THE_BOARDS
