"""Facts about one operator type, independent of any model and any runtime."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from npufit.graph.model import Operator
from npufit.graph.operator_types.macs import MacsFormula
from npufit.graph.tensor import Tensor


class Kind(StrEnum):
    """What operators do. The value explains why they count as having no multiply-accumulates."""

    PRODUCT = "sums of products with weights: the only kind that has multiply-accumulates"
    ARITHMETIC = "one or two operations for each value, no sum of products"
    FUNCTION = "a function of one value"
    FORMAT = "another number format"
    STORAGE = "the same bits or values in other storage"
    SUM = "sums, maxima or norms without weights; papers and compilers count no MACs for them"
    MOVEMENT = "values that are only moved or repeated"
    INTERPOLATION = "interpolation between neighbours; papers and compilers count no MACs for it"
    TRANSFORM = "a Fourier transform: not a product with weights"
    SELECTION = "look-ups, hashes, sorting and selection"
    SOURCE = "values made from shapes"
    RANDOM = "values from a random generator"
    STATE = "state that is kept between inferences"
    CONTROL = "control flow: the operators of the subgraphs that it runs count where they are listed, once"
    RESERVED = "not an operator, but the mark of codes that need a wider field"
    OUTSIDE = "the file does not say what it does, so its multiply-accumulates are unknown"


class Family(StrEnum):
    """Operators with similar costs, on a CPU and on an NPU."""

    CONVOLUTION = "convolution"
    DEPTHWISE = "depthwise"
    MATRIX = "matrix"
    """FULLY_CONNECTED and matrix products: every weight is used once, so the memory sets the pace."""
    TRANSPOSED = "transposed"
    POOLING = "pooling"
    ELEMENTWISE = "elementwise"
    LOOKUP = "lookup"
    """Functions of one value that a table holds."""
    SOFTMAX = "softmax"
    REDUCTION = "reduction"
    MOVEMENT = "movement"
    """Values that only change their place."""
    TRANSPOSE = "transpose"
    RESIZE = "resize"
    """Interpolation; values that are only repeated count as movement."""
    CONVERSION = "conversion"
    """QUANTIZE and DEQUANTIZE."""
    RECURRENT = "recurrent"
    DETECTION = "detection"
    """Decoding of boxes and non-maximum suppression."""
    FREE = "free"
    """Nothing moves: RESHAPE and similar, in place."""
    OTHER = "other"


class Scaling(StrEnum):
    """How LiteRT's kernels relate the quantization of an operator's result to that of its data."""

    COPIES = "copies"
    """Integers are copied, picked or averaged: result and data have one quantization."""
    FREE = "free"
    """The kernel accepts data in any 8-bit quantization and writes any."""
    FIXED = "fixed"
    """The kernel accepts data in any 8-bit quantization and writes a fixed one."""
    READS = "reads"
    """The kernel accepts data in any 8-bit quantization; the result is not quantized."""
    UNKNOWN = "unknown"


class Role(StrEnum):
    """The role of an operand in its operator."""

    DATA = "data"
    WEIGHTS = "weights"
    BIAS = "bias"
    PARAMETER = "parameter"
    """A value used in the arithmetic: a slope, a fill, a threshold."""
    STATE = "state"
    SHAPE = "shape"
    """The shape of the result."""
    MAP_SIZE = "map size"
    """Rows and columns of the result."""
    BEGIN = "begin"
    END = "end"
    STRIDES = "strides"
    PADDINGS = "paddings"
    MULTIPLES = "multiples"
    ORDER = "order"
    REDUCED_AXES = "reduced axes"
    SPLIT_AXIS = "split axis"
    PART_SIZES = "part sizes"
    NEW_AXIS = "new axis"
    BLOCK = "block"
    BORDERS = "borders"
    """What is added around blocks, or cut off."""
    COUNT = "count"
    """The last dimension of the result."""
    RANGE_START = "range start"
    RANGE_LIMIT = "range limit"
    RANGE_DELTA = "range delta"
    AXIS = "axis"
    """An axis along which values are moved or added up; the shape stays."""
    OFFSET = "offset"
    """A position in the data where something is written; the shape stays."""
    LENGTHS = "lengths"
    ROW = "row"
    """Indices into one axis of the data."""
    POINT = "point"
    """Indices into several axes of the data."""
    TARGET = "target"
    """Indices into several axes of the result."""
    CLASS = "class"
    """Indices into the last axis of the result."""


SIZING = frozenset(
    {
        Role.SHAPE, Role.MAP_SIZE, Role.BEGIN, Role.END, Role.STRIDES, Role.PADDINGS, Role.MULTIPLES, Role.ORDER,
        Role.REDUCED_AXES, Role.SPLIT_AXIS, Role.PART_SIZES, Role.NEW_AXIS, Role.BLOCK, Role.BORDERS, Role.COUNT,
        Role.RANGE_START, Role.RANGE_LIMIT, Role.RANGE_DELTA,
    }
)  # fmt: skip
"""The roles whose values give LiteRT's kernels the shape of the result; if one is computed, so is the shape."""

Shape = tuple[int, ...]
ShapeRule = Callable[[Operator, tuple[Tensor | None, ...]], Shape | None]
"""Return the shape of an operator's results from its inputs, None if it cannot be derived."""

_DOING_ONLY_WHAT_THEY_COMPUTE = frozenset(Kind) - {Kind.RANDOM, Kind.STATE, Kind.CONTROL, Kind.OUTSIDE}
_BY_VALUE = frozenset({Kind.ARITHMETIC, Kind.FUNCTION, Kind.FORMAT})


@dataclass(frozen=True, slots=True)
class OperatorType:
    """One row of the table of operator types.

    `operands` are the roles by position; `optional` of them, the last ones, may be omitted; if it `repeats`, any number
    of operands in the last role follow. No operands means that nobody wrote them down. `int8_version` is the lowest
    version whose kernel takes int8 (`versions.py` has other reasons for a higher version). `channel_axis` is the axis
    of the weights that may have one scale per index, for types that add a 32-bit bias and scale the sum.
    """

    name: str
    kind: Kind
    operands: tuple[Role, ...] = ()
    family: Family = Family.OTHER
    scaling: Scaling = Scaling.UNKNOWN
    int8_version: int = 1
    optional: int = 0
    repeats: bool = False
    shape: ShapeRule | None = None
    macs: MacsFormula | None = None
    channel_axis: int | None = None
    sized_by_values: bool = False
    """True if the size of the result depends on the values of the data."""

    @property
    def required(self) -> int:
        """How many operands, counted from the first, are required."""
        return len(self.operands) - self.optional

    @property
    def data(self) -> int:
        """The position of the data, the first one if there are several; 0 if the operands are unknown."""
        return self.operands.index(Role.DATA) if Role.DATA in self.operands else 0

    @property
    def is_pure(self) -> bool:
        """True if the same inputs always give the same results, without side effects."""
        return self.kind in _DOING_ONLY_WHAT_THEY_COMPUTE

    @property
    def is_elementwise(self) -> bool:
        """True if each value of the result depends only on the values at its own position."""
        return self.kind in _BY_VALUE

    def role(self, position: int) -> Role | None:
        """Return the role of the operand at `position`, None if unknown."""
        if position < len(self.operands):
            return self.operands[position]
        return self.operands[-1] if self.repeats else None

    def positions(self, operator: Operator, *roles: Role) -> tuple[int, ...]:
        """Return the positions at which `operator`, of this type, has operands in one of `roles`."""
        return tuple(place for place in range(len(operator.inputs)) if self.role(place) in roles)
