"""Questions about chains: operators of the other spaces, one after another, for limits that no single one shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from npufit.graph import (
    NO_TENSOR,
    Buffer,
    Model,
    Operator,
    Quantization,
    Role,
    Scaling,
    Subgraph,
    Tensor,
    operator_type,
)
from npufit.probing.questions import arithmetic, convolutions, functions, pooling, reshaping
from npufit.probing.questions.space import Choices, ImpossibleError, Numbers, Point, Space, Values
from npufit.probing.questions.values import number, word

_SPACES: Mapping[str, Space] = {
    space.name: space for room in (convolutions, pooling, arithmetic, functions, reshaping) for space in room.SPACES
}


_PLAIN = {"kh": 1, "kw": 1, "stride_h": 1, "stride_w": 1, "padding": "SAME", "ofm_rank": 4}
"""What keeps the size of the feature map, and the weights small."""

LINKS = ("CONV_2D", "DEPTHWISE_CONV_2D", "RELU", "ADD", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MUL")
"""What a chain is made of, those that networks have most first."""

BETWEEN = ("PAD", "RESHAPE", "TRANSPOSE", "SOFTMAX", "LOGISTIC", "TANH", "HARD_SWISH", "EXP", "L2_NORMALIZATION")
"""What may stand between the parts of a chain: converters often leave the first on the CPU, and few take the last."""

_BULGE = 4
"""How many times more channels there are between the ends of a bulging chain."""

_MOST_WEIGHTS_BYTES = 16 << 20


def draw_chain(values: Values) -> tuple[Model, tuple[Point, ...]]:
    """Return a chain, and the questions about each of its operators alone.

    Raises ImpossibleError if the chain cannot be drawn.
    """
    stitched = _Stitched()
    links = list(_draw_links(values))
    for position, (_, model) in enumerate(links):
        is_closing = word(values, "skip") == "around" and position == len(links) - 1
        stitched.append(model.main, is_closing=is_closing)
    return stitched.model(), tuple(link for link, _ in links)


def _draw(values: Values) -> Model:
    return draw_chain(values)[0]


def _draw_links(values: Values) -> Iterator[tuple[Point, Model]]:
    """Yield each operator of the chain as a question of its own, and its model."""
    shape = (1, number(values, "h"), number(values, "w"), number(values, "c"))
    weights = 0
    for kind, depth in _kinds(values):
        link, model = _draw_alone(kind, shape, depth, word(values, "dtype"))
        result = next(model.main.output_tensors(model.main.operators[0])).shape
        weights += sum(tensor.buffer.size_bytes for tensor in model.main.tensors)
        if result is None or len(result) != 4:
            raise ImpossibleError(f"a chain with a result of the shape {result}")
        if weights > _MOST_WEIGHTS_BYTES:
            raise ImpossibleError(f"a chain with {weights} bytes of weights")
        yield link, model
        shape = result


def _kinds(values: Values) -> Iterator[tuple[str, int]]:
    """Yield the type of each operator, and how many channels it writes if it can choose."""
    kind, between = word(values, "links"), word(values, "between")
    length, parts = number(values, "length"), number(values, "places") + 1
    depths = _depths(values)
    if between != "nothing" and parts > length:
        raise ImpossibleError(f"{parts} parts of {length} operators", length=parts)
    for position in range(length):
        if between != "nothing" and position and position * parts // length > (position - 1) * parts // length:
            yield between, depths[position - 1]
        yield kind, depths[position]
    if word(values, "skip") == "around":
        if depths[-1] != number(values, "c"):
            raise ImpossibleError("a sum of different depths", tail_c=0, channels="equal")
        yield "ADD", depths[-1]


def _depths(values: Values) -> list[int]:
    """Return the channels that each link writes."""
    c, length, tail = number(values, "c"), number(values, "length"), number(values, "tail_c")
    shape = word(values, "channels")
    if (shape != "equal" or tail) and word(values, "links") != "CONV_2D":
        raise ImpossibleError("other channels without a convolution", links="CONV_2D", between="nothing")
    depths = [c] * length
    if shape == "bulging":
        depths = [_BULGE * c] * (length - 1) + [c]
    elif shape != "equal":
        half = length // 2
        least = c >> half
        if least < 1:
            raise ImpossibleError(f"{c} channels, halved {half} times", c=1 << half)
        steps = [(position + 1) * half // length for position in range(length)]
        depths = [c >> step if shape == "falling" else c << step for step in steps]
    if tail:
        depths[-1] = tail
    return depths


@lru_cache(maxsize=32)
def _draw_alone(kind: str, shape: tuple[int, ...], depth: int, dtype: str) -> tuple[Point, Model]:
    """Return the question about one operator of a chain alone, and its model."""
    space = _SPACES[kind]
    given = {**_PLAIN, "h": shape[1], "w": shape[2], "c": shape[3], "ofm_c": depth, "dtype": dtype}
    point = Point(space.name, tuple((name, given.get(name, value)) for name, value in space.base.items()))
    return point, space.draw(dict(point.values))


class _Stitched:
    """A chain under construction: each operator reads what the one before it wrote."""

    def __init__(self) -> None:
        self._tensors: list[Tensor] = []
        self._operators: list[Operator] = []
        self._inputs: list[int] = []
        self._last = NO_TENSOR

    def append(self, link: Subgraph, *, is_closing: bool) -> None:
        """Add the operator of `link`; its other operands become inputs of the chain.

        The last operator of a residual chain (`is_closing`) adds the chain's own input instead.
        """
        operator = link.operators[0]
        places: dict[int, int] = {}
        if self._operators:
            places[link.inputs[0]] = self._last
            if is_closing:
                places[link.inputs[1]] = self._inputs[0]
        biases = {operator.input(place) for place in operator_type(operator).positions(operator, Role.BIAS)}
        read = link.tensors[link.inputs[0]]
        copies = operator_type(operator).scaling is Scaling.COPIES
        for index, tensor in enumerate(link.tensors):
            if index in places:
                continue
            if self._operators and index in biases:
                tensor = replace(tensor, quantization=self._rescaled(tensor.quantization, read.quantization))
            elif self._operators and index in operator.outputs and copies:
                tensor = replace(tensor, quantization=self._tensors[self._last].quantization)
            places[index] = len(self._tensors)
            name = f"{operator.type.lower()}_{len(self._tensors)}"
            own = Buffer(tensor.buffer.data) if tensor.is_constant else tensor.buffer
            self._tensors.append(replace(tensor, name=name, buffer=own))
            if index in link.inputs:
                self._inputs.append(places[index])
        inputs = tuple(places.get(index, NO_TENSOR) for index in operator.inputs)
        self._last = places[operator.outputs[0]]
        self._operators.append(
            replace(operator, inputs=inputs, outputs=tuple(places[index] for index in operator.outputs))
        )

    def model(self) -> Model:
        """Return the chain; the result of its last operator is its output."""
        subgraph = Subgraph(tuple(self._tensors), tuple(self._inputs), (self._last,), tuple(self._operators))
        return Model("chain", (subgraph,))

    def _rescaled(self, bias: Quantization, read: Quantization) -> Quantization:
        """Return the quantization of a bias for what the operator reads here instead of `read`."""
        given = self._tensors[self._last].quantization
        if not (bias.scales and read.scales and given.scales):
            return bias
        return replace(bias, scales=tuple(scale * given.scales[0] / read.scales[0] for scale in bias.scales))


CHAIN = Space(
    "chain",
    "*",
    (
        Choices("links", LINKS),
        Numbers("length", 4, most=256),
        Numbers("h", 16, most=4096),
        Numbers("w", 16, most=4096),
        Numbers("c", 16, most=4096),
        Numbers("tail_c", 0, least=0, most=4096),
        Choices("channels", ("equal", "falling", "rising", "bulging")),
        Choices("skip", ("none", "around")),
        Choices("between", ("nothing", *BETWEEN)),
        Numbers("places", 1, most=16),
        Choices("dtype", ("int8", "uint8", "int16", "float32")),
    ),
    _draw,
    tested=(),
)
"""Chains of `length` operators of one type, with others at `places` between equal parts of it.

`tail_c` are the channels of the last result, 0 for as many as before; `channels` says whether they fall or rise along
the chain or are more between its ends; `skip` adds the chain's input to its result.
"""
SPACES = (CHAIN,)
