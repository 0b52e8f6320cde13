"""Hazards of operands: scalars, constants, broadcasts, missing operands, lost dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from npufit.graph import CONVOLUTIONS, Activation, ElementType, Tensor, constant_values
from npufit.stacks.delegates import hazard_at
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Effect, Evidence
from npufit.stacks.teflon.hazards.hazard import TeflonGraph, inferred_on_main, teflon_hazard
from npufit.stacks.teflon.node import (
    Node,
    clamp_is_implied,
    flattens_input,
    four_dimensions,
    integer_range,
    real_maximum,
)
from npufit.stacks.teflon.release import ALL, Release
from npufit.stacks.teflon.sources import ETHOSU_LOWERING, ETNAVIV, FRONTEND_NEW, FRONTEND_OLD

_ELEMENTWISE = ("ADD", "MUL", "MAXIMUM", "MINIMUM")
_READ_BY_FRONTEND = {
    "PAD": ((1, "paddings"),),
    "RESHAPE": ((1, "shape"),),
    "SPLIT": ((0, "axis"),),
    "STRIDED_SLICE": ((1, "begin"), (2, "end"), (3, "strides")),
    "TRANSPOSE": ((1, "permutation"),),
}
"""The operands whose values Teflon copies when it asks the driver about an operator, by position."""

_READ_BY_DRIVER = ((1, "weights"), (2, "bias"))
"""The operands whose values a driver reads when it compiles a partition."""

_SEEN_TO_CRASH = frozenset({Release.M25_3, Release.M26_1, Release.M26_2})
"""The releases whose real libraries crashed on a RESHAPE with a computed shape."""

ELEMENTWISE_OPERANDS = teflon_hazard(
    "teflon.elementwise-operands",
    "ADD, MUL, MAXIMUM or MINIMUM with a scalar, a constant or a broadcast operand may be wrong, and so may ADD with "
    "a fused activation.",
    "two computed operands of the output's shape, and an activation that the output's range implies",
    "Until 26.0 the activation of ADD is dropped and operands are not broadcast; later RELU6 counts as RELU, other "
    "activations are dropped, and broadcasting both operands is not checked. From 26.1 a scalar is read as an "
    "unsigned byte. Constants are read from memory that nothing wrote: in 26.1 every other constant, in 26.2 one that "
    "is the larger or first operand. Linux before 6.19.8 may refuse the stream of a scalar operand (EINVAL), "
    "which Mesa until 26.2 does not notice.",
    "x + (-3) in int8.",
    ALL,
    f"{ETHOSU_LOWERING}; {FRONTEND_NEW}; Linux fix 838ae99f9a77 (elementwise validation with scalar)",
    rewrite="fold a constant into the bias or the scale of the operator before it; expand a broadcast operand "
    "beforehand; write RELU6 as an output range that ends at 6",
)

MISSING_BIAS = teflon_hazard(
    "teflon.missing-bias",
    "A convolution or FULLY_CONNECTED without a bias makes Teflon read a tensor that does not exist.",
    "a bias as third input",
    "The third input is taken from the list of tensors without testing that it exists: from the memory before the "
    "list, or at an index from beyond the list of inputs. The result depends on what is there: a crash is as possible "
    "as a wrong result, and it changes with the release and the network. etnaviv even allocates as many tensors as "
    "the stray index says.",
    "Dense(use_bias=False). On the i.MX8M Plus, Debian's 26.1.6 crashes on two such networks, 26.2.6 on one of them; "
    "of five others, both crash on three.",
    ALL,
    f"{FRONTEND_NEW}; {FRONTEND_OLD}; {ETNAVIV}; executed: Debian's mesa-teflon-delegate 26.1.6-1 and 26.2.6-1 with "
    "etnaviv on a virtual device",
    rewrite="add a bias of zeros",
    effects=(Effect.CRASH,),
)

FLATTENED_INPUT = teflon_hazard(
    "ethosu.flattened-input",
    "FULLY_CONNECTED that flattens a feature map is computed wrongly.",
    "an input of rank 2, or as many channels as the weights have inputs",
    "Mesa 26.2.2 brought a fix for flattened inputs; its notes do not say what went wrong before.",
    "A dense layer directly after a 4x4x64 feature map.",
    frozenset({Release.M26_2_0}),
    "the release notes of Mesa 26.2.2",
    rewrite="put a RESHAPE before it",
    fixed_in="26.2",
    evidence=Evidence.DOCUMENTED,
)

OPERAND_READ_EARLY = teflon_hazard(
    "teflon.operand-read-early",
    "An operand that is read before the model runs is missing or computed by the model.",
    "shape, paddings, begin, end, strides, axis, permutation, weights and bias as constants; RESHAPE with two inputs",
    "Teflon copies these operands when it asks the driver about the operator, and the driver reads weights and bias "
    "when it compiles the partition. Neither tests that they are constants. Nothing is computed by then, so Teflon "
    "reads at address 0 and the process dies while the delegate is applied, even if the driver would have refused the "
    "operator, and whatever the rest of the network is. RESHAPE with one input makes Teflon read beyond the list of "
    "inputs. (ethosu from 26.1 on treats a computed bias as zeros.)",
    "RESHAPE whose shape comes from SHAPE and PACK, as Keras writes it for a dynamic batch.",
    ALL,
    f"{FRONTEND_NEW}; {FRONTEND_OLD}; executed: RESHAPE in Debian's mesa-teflon-delegate 26.1.6-1 and 26.2.6-1 with "
    "rocket and etnaviv, and in builds of 25.3 and 26.1 with ethosu, on virtual devices",
    rewrite="fix the batch before the conversion, so that the converter folds the operand into a constant",
    effects=(Effect.CRASH, Effect.WRONG),
)

LOST_DIMENSIONS = teflon_hazard(
    "ethosu.lost-dimensions",
    "A tensor with a batch above 1, or of rank 5 or more, is accepted although only the last three dimensions are "
    "used.",
    "at most four dimensions and batch 1",
    "Teflon keeps the last four dimensions, and the driver computes height, width and channels of the first image. "
    "Neither checks the dimensions left out.",
    "A network converted with a fixed batch of 4.",
    ALL,
    f"{FRONTEND_NEW}; {ETHOSU_LOWERING}",
    rewrite="convert with batch 1 and run it once for each image",
)


def find_operands(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield two-operand operators whose operands are not what the driver expects."""
    for node in graph.accepted(*_ELEMENTWISE):
        first, second, output = node.input(0), node.input(1), node.output
        if first is None or second is None or output is None or None in (first.shape, second.shape, output.shape):
            continue
        for message, found, evidence in _operand_problems(graph.release, node, first, second, output):
            yield hazard_at(graph, ELEMENTWISE_OPERANDS, node, message, found, evidence=evidence)


def _operand_problems(
    release: Release, node: Node, first: Tensor, second: Tensor, output: Tensor
) -> Iterator[tuple[str, str, Evidence | None]]:
    shapes = f"{list(first.shape or ())} and {list(second.shape or ())}"
    if release <= Release.M26_0:
        if four_dimensions(first)[1:] != four_dimensions(second)[1:]:
            yield "operands are not broadcast before 26.1", shapes, None
        return
    # The second operand is the broadcast one if it fits into the first; otherwise the two are swapped.
    fits = all(a <= b for a, b in zip(four_dimensions(second)[1:], four_dimensions(first)[1:], strict=True))
    large, small = (first, second) if fits else (second, first)
    if small.is_constant and four_dimensions(small)[1:] == (1, 1, 1):
        yield from _scalar_problems(release, node, small)
    elif small.is_constant and release is Release.M26_1:
        found = f"'{node.name_of(small)}'"
        yield "a constant operand is treated as a computed one that nothing wrote", found, None
    if release is Release.MAIN:
        return
    if large.is_constant:
        found = f"'{node.name_of(large)}' {list(large.shape or ())}"
        yield "a constant first or larger operand is treated as a computed one that nothing wrote", found, None
    if four_dimensions(large)[1:] != four_dimensions(output)[1:]:
        yield "both operands would have to be broadcast, which is not checked", shapes, None


def _scalar_problems(release: Release, node: Node, scalar: Tensor) -> Iterator[tuple[str, str, Evidence | None]]:
    value = constant_values(scalar)
    if release is not Release.MAIN and scalar.element is ElementType.INT8 and value and value[0] < 0:
        # How 26.2 emits the scalar was not read.
        evidence = None if release is Release.M26_1 else Evidence.INFERRED
        yield "the scalar is read as an unsigned byte", f"{value[0]} is read as {value[0] + 256}", evidence
    found = f"'{node.name_of(scalar)}' has one element"
    if release is Release.MAIN:
        yield "Linux before 6.19.8 may refuse a stream with a scalar operand", found, Evidence.INFERRED
    else:
        message = "Linux before 6.19.8 may refuse a stream with a scalar operand, and Mesa continues without a result"
        yield message, found, None


def find_added_activations(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield activations of ADD that Teflon drops or misreads."""
    if graph.release is Release.MAIN:
        return
    for node in graph.accepted("ADD"):
        activation, output = node.activation, node.output
        if output is None or integer_range(output) is None or clamp_is_implied(activation, output):
            continue
        found = f"{activation.name}, zero point {output.quantization.zero_point}, maximum {real_maximum(output):.6g}"
        if graph.release <= Release.M26_0 or activation not in (Activation.RELU, Activation.RELU6):
            yield hazard_at(graph, ELEMENTWISE_OPERANDS, node, f"the fused {activation.name} is dropped", found)
        elif activation is Activation.RELU6 and real_maximum(output) > 6.0:
            yield hazard_at(
                graph, ELEMENTWISE_OPERANDS, node, "RELU6 is treated as RELU: values above 6 are kept", found
            )


def find_missing_biases(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield products without a bias."""
    for node in graph.accepted(*CONVOLUTIONS, "FULLY_CONNECTED"):
        if node.input(2) is None:
            found = "bias omitted" if len(node.operator.inputs) > 2 else f"{len(node.operator.inputs)} inputs"
            evidence = inferred_on_main(graph.release)
            message = "Teflon reads a bias that does not exist"
            yield hazard_at(graph, MISSING_BIAS, node, message, found, evidence=evidence, certain=False)


def find_flattened_inputs(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield FULLY_CONNECTED that flattens a feature map."""
    if graph.release is not Release.M26_2_0:
        return
    for node in graph.accepted("FULLY_CONNECTED"):
        ifm = node.input(0)
        if ifm is None or len(ifm.shape or ()) != 4 or not flattens_input(node):
            continue
        _, height, width, depth = four_dimensions(ifm)
        found = f"input {height}x{width}x{depth}"
        yield hazard_at(graph, FLATTENED_INPUT, node, "the flattened feature map is handled wrongly", found)


def find_operands_read_ahead(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield operands that are read before they are computed, or that are missing.

    Operands that the frontend reads matter for every operator that it maps, wherever it would run.
    """
    for node in graph.operators:
        if node.type in _READ_BY_FRONTEND and _is_asked_about(node):
            yield from _read_by_frontend(graph, node)
    for node in graph.accepted(*CONVOLUTIONS, "FULLY_CONNECTED"):
        for position, role in _READ_BY_DRIVER:
            tensor = node.input(position)
            if tensor is not None and not tensor.is_constant and tensor.element_count:
                # From 26.1 on ethosu takes a bias without values for zeros.
                is_zeros = role == "bias" and graph.driver == "ethosu" and graph.release >= Release.M26_1
                yield hazard_at(
                    graph,
                    OPERAND_READ_EARLY,
                    node,
                    f"the {role} is read before it is computed",
                    f"'{node.name_of(tensor)}' is not constant",
                    evidence=inferred_on_main(graph.release),
                    effect=Effect.WRONG if is_zeros else Effect.CRASH,
                )
            elif tensor is None and role == "weights":
                yield hazard_at(
                    graph, OPERAND_READ_EARLY, node, "the weights are missing", "input absent", certain=False
                )


def _is_asked_about(node: Node) -> bool:
    """Return whether Teflon reaches the operand: it rejects a PAD of another form earlier."""
    if node.type != "PAD":
        return True
    paddings = node.input(1)
    return len(node.operator.inputs) == 2 and (paddings is None or paddings.element is ElementType.INT32)


def _read_by_frontend(graph: TeflonGraph, node: Node) -> Iterator[Hazard]:
    """Yield at most one hazard: the first operand of this kind ends the process."""
    for position, role in _READ_BY_FRONTEND[node.type]:
        tensor = node.input(position)
        if tensor is None:
            evidence = inferred_on_main(graph.release)
            message = f"the {role} is missing; Teflon reads another operator's, or none"
            yield hazard_at(graph, OPERAND_READ_EARLY, node, message, "input absent", evidence=evidence, certain=False)
            return
        if not tensor.is_constant:
            seen = node.type == "RESHAPE" and graph.release in _SEEN_TO_CRASH
            evidence = Evidence.EXECUTED if seen else inferred_on_main(graph.release)
            message = f"the {role} is read before it is computed, while the delegate is applied"
            yield hazard_at(
                graph, OPERAND_READ_EARLY, node, message, f"'{node.name_of(tensor)}' is not constant", evidence=evidence
            )
            return


def find_lost_dimensions(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield operators on tensors with a batch or more dimensions than are used."""
    for node in graph.accepted():
        # A RESHAPE is another name for its input, so the output's dimensions do not matter.
        for tensor in (node.input(0), None if node.type == "RESHAPE" else node.output):
            shape = () if tensor is None else tensor.shape or ()
            lost = prod(shape[:-3])
            if lost > 1:
                message = f"1 of {lost} images is computed"
                evidence = inferred_on_main(graph.release)
                yield hazard_at(graph, LOST_DIMENSIONS, node, message, f"shape {list(shape)}", evidence=evidence)
                break
