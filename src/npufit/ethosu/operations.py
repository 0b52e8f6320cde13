"""Operations with everything in their registers, and the register file that they are read from.

Longer than most files: the operations and the functions that read each of them from the registers belong together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from npufit.ethosu.commands import field_of
from npufit.ethosu.decoding import Instruction


class Layout(Enum):
    """The layout of a feature map in memory."""

    NHWC = 0
    NHCWB16 = 1
    """Bricks of 16 channels."""


class Rounding(Enum):
    """How a scaled value is rounded to an integer."""

    TFL = 0
    TRUNCATE = 1
    NATURAL = 2


class Upscale(Enum):
    """How an IFM is doubled before the kernel sees it."""

    NONE = 0
    NEAREST = 1
    ZEROS = 2


@dataclass(frozen=True, slots=True)
class Element:
    """The integers of a feature map."""

    bits: int
    signed: bool

    @property
    def size_bytes(self) -> int:
        """Bytes of one value."""
        return self.bits // 8

    @property
    def lowest(self) -> int:
        """The smallest value."""
        return -(1 << self.bits - 1) if self.signed else 0

    @property
    def highest(self) -> int:
        """The largest value."""
        return (1 << self.bits - self.signed) - 1

    def __str__(self) -> str:
        """Return the type in words, such as `int8`."""
        return f"{'' if self.signed else 'u'}int{self.bits}"


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """A feature map in a region, in up to four tiles: split at `width0`, left of it at `height0`, right at `height1`.

    Bases and strides are in bytes. `stride_x` serves NHWC, `stride_c` (between bricks) NHCWB16.
    """

    region: int
    bases: tuple[int, int, int, int]
    width0: int
    height0: int
    height1: int
    stride_y: int
    stride_x: int
    stride_c: int
    layout: Layout
    element: Element
    zero_point: int
    height: int
    width: int
    depth: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, depth."""
        return self.height, self.width, self.depth


@dataclass(frozen=True, slots=True)
class Kernel:
    """The window: elements, distances between them, steps, and padding around the IFM (after upscaling)."""

    height: int
    width: int
    dilation_y: int
    dilation_x: int
    stride_y: int
    stride_x: int
    pad_top: int
    pad_left: int
    pad_bottom: int
    pad_right: int
    part_kernel_first: bool
    upscale: Upscale

    @property
    def dilated_height(self) -> int:
        """Rows from the first to the last element."""
        return (self.height - 1) * self.dilation_y + 1

    @property
    def dilated_width(self) -> int:
        """Columns from the first to the last element."""
        return (self.width - 1) * self.dilation_x + 1


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a region."""

    region: int
    offset: int
    length: int


class ActivationType(Enum):
    """The step after scaling and clamping."""

    NONE = 0
    TANH = 3
    SIGMOID = 4
    TABLE = 16


_TABLE_COUNT = 8
_CLIP_ELEMENTS = {2: Element(8, False), 3: Element(8, True), 5: Element(16, True)}


@dataclass(frozen=True, slots=True)
class OutputStage:
    """How accumulators become results: scale and shift (perhaps per channel), rounding, clamp, activation."""

    global_scale: bool
    scale: int
    shift: int
    rounding: Rounding
    activation: ActivationType
    table: int
    lowest: int
    highest: int
    clip: Element | None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation command: its number among them, its position in the stream, and the registers that it used.

    `unset` names the registers that it needed but that were never set; they were taken as 0.
    """

    index: int
    offset: int
    name: str
    used: tuple[tuple[str, int], ...]
    unset: tuple[str, ...]

    def __str__(self) -> str:
        """Return the operation's name in messages."""
        return f"operation {self.index} ({self.name}) at {self.offset:#x}"


@dataclass(frozen=True, slots=True)
class BlockOperation(Operation):
    """What convolutions, pooling and elementwise operations share. `block` is OFM height, width, depth."""

    ifm: FeatureMap
    ofm: FeatureMap
    output: OutputStage
    block: tuple[int, int, int]
    block_dependency: int


@dataclass(frozen=True, slots=True)
class Convolution(BlockOperation):
    """CONV or DEPTHWISE; `weights` and `scales` have one span per core that takes part."""

    kernel: Kernel
    weights: tuple[Span, ...]
    scales: tuple[Span, ...]
    is_depthwise: bool
    cores: int


@dataclass(frozen=True, slots=True)
class Pooling(BlockOperation):
    """POOL: `mode` is MAX, AVERAGE or REDUCE_SUM."""

    kernel: Kernel
    mode: str


@dataclass(frozen=True, slots=True)
class Elementwise(BlockOperation):
    """ELEMENTWISE: `mode` is named as in the command set.

    `ifm2` is None for unary modes and scalars. `scaled_operand` is 0 if both operands are scaled, 1 for the first and 2
    for the second one in the order of the operation. `operand_rounding` is in the IFM's register.
    """

    mode: str
    ifm2: FeatureMap | None
    scalar: int | None
    ifm2_first: bool
    scaled_operand: int
    first_scale: int
    first_shift: int
    second_scale: int
    operand_rounding: Rounding


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a transfer; `region` is None for the SHRAM. Rows and planes are contiguous unless strided."""

    region: int | None
    offset: int
    dimensions: int


@dataclass(frozen=True, slots=True)
class Transfer(Operation):
    """DMA: `planes` times `rows` times `length` bytes; a strided side skips bytes after each row and plane."""

    source: Side
    target: Side
    length: int
    rows: int
    planes: int
    row_skip: int
    plane_skip: int


@dataclass(frozen=True, slots=True)
class Wait(Operation):
    """DMA_WAIT or KERNEL_WAIT: continues when at most `outstanding` of them are unfinished."""

    outstanding: int


@dataclass(slots=True)
class RegisterFile:
    """The registers as data. Reads are recorded, so that an operation knows what it depends on."""

    values: dict[str, int] = field(default_factory=dict[str, int])
    shifts: dict[str, int] = field(default_factory=dict[str, int])
    used: dict[str, int] = field(default_factory=dict[str, int])
    unset: dict[str, None] = field(default_factory=dict[str, None])

    def set(self, instruction: Instruction) -> None:
        """Store the value of a register command."""
        self.values[instruction.name] = instruction.value
        self.shifts[instruction.name] = instruction.shift

    def begin(self) -> None:
        """Forget what was used so far."""
        self.used, self.unset = {}, {}

    def get(self, name: str) -> int:
        """Return the value of a register; 0 and an entry in `unset` if it was never set."""
        value = self.values.get(name)
        if value is None:
            self.unset[name] = None
            return 0
        self.used[name] = value
        return value

    def optional(self, name: str) -> int:
        """Return the value of a register that has a default of 0."""
        return self.get(name) if name in self.values else 0

    def field(self, register: str, name: str) -> int:
        """Return a field of a register."""
        return field_of(register, name, self.get(register))

    def shift(self, name: str) -> int:
        """Return the shift of a scale register."""
        return self.shifts.get(name, 0)


def read_operations(instructions: tuple[Instruction, ...]) -> tuple[Operation, ...]:
    """Return the operations of a stream up to its first STOP, in order."""
    registers = RegisterFile()
    operations: list[Operation] = []
    for instruction in instructions:
        if not instruction.command.is_operation:
            registers.set(instruction)
            continue
        registers.begin()
        operations.append(_READERS.get(instruction.name, _plain)(registers, instruction, len(operations)))
        if instruction.name == "STOP":
            break
    return tuple(operations)


def _plain(registers: RegisterFile, instruction: Instruction, index: int) -> Operation:
    return Operation(index, instruction.offset, instruction.name, (), ())


def _wait(registers: RegisterFile, instruction: Instruction, index: int) -> Operation:
    outstanding = field_of(instruction.name, "outstanding", instruction.value)
    return Wait(index, instruction.offset, instruction.name, (), (), outstanding)


def _feature_map(registers: RegisterFile, prefix: str, shape: tuple[int, int, int], broadcast: int = 0) -> FeatureMap:
    precision = f"{prefix}_PRECISION"
    layout = Layout(registers.field(precision, "format"))
    element = Element(
        8 << registers.field(precision, "bits"),
        bool(registers.field(precision, "signed")),
    )
    height, width, depth = (1 if broadcast >> axis & 1 else size for axis, size in enumerate(shape))
    region = registers.get(f"{prefix}_REGION")
    width0 = registers.get(f"{prefix}_WIDTH0_M1") + 1
    height0 = registers.get(f"{prefix}_HEIGHT0_M1") + 1
    height1 = registers.get(f"{prefix}_HEIGHT1_M1") + 1 if width > width0 else height0
    used = (True, width > width0, height > height0, width > width0 and height > height1)
    bases = [registers.get(f"{prefix}_BASE{tile}") if used[tile] else 0 for tile in range(4)]
    zero_point = registers.get(f"{prefix}_ZERO_POINT")
    return FeatureMap(
        region=region,
        bases=(bases[0], bases[1], bases[2], bases[3]),
        width0=width0,
        height0=height0,
        height1=height1,
        stride_y=registers.get(f"{prefix}_STRIDE_Y"),
        stride_x=registers.get(f"{prefix}_STRIDE_X") if layout is Layout.NHWC else 16 * element.size_bytes,
        stride_c=registers.get(f"{prefix}_STRIDE_C") if layout is Layout.NHCWB16 else 0,
        layout=layout,
        element=element,
        zero_point=zero_point if element.signed else zero_point & 0xFFFF,
        height=height,
        width=width,
        depth=depth,
    )


def _ofm(registers: RegisterFile) -> FeatureMap:
    """Return the OFM. 32-bit results have no zero point, except an index into a table.

    Vela's Python compiler leaves the zero point of SOFTMAX's input in the register for its 32-bit steps; its result is
    that of the reference kernels only if those steps do not add it.
    """
    shape = tuple(registers.get(f"OFM_{axis}_M1") + 1 for axis in ("HEIGHT", "WIDTH", "DEPTH"))
    ofm = _feature_map(registers, "OFM", (shape[0], shape[1], shape[2]))
    is_plain = registers.field("ACTIVATION", "type") == ActivationType.NONE.value
    return replace(ofm, zero_point=0) if ofm.element.bits == 32 and is_plain else ofm


def _kernel(registers: RegisterFile) -> Kernel:
    def stride(axis: str) -> int:
        low = registers.field("KERNEL_STRIDE", f"stride_{axis}_low")
        return low + 2 * registers.field("KERNEL_STRIDE", f"stride_{axis}_high") + 1

    dilation_y = registers.field("KERNEL_STRIDE", "dilation_y_minus_1") + 1
    dilation_x = registers.field("KERNEL_STRIDE", "dilation_x_minus_1") + 1
    return Kernel(
        height=registers.get("KERNEL_HEIGHT_M1") // dilation_y + 1,
        width=registers.get("KERNEL_WIDTH_M1") // dilation_x + 1,
        dilation_y=dilation_y,
        dilation_x=dilation_x,
        stride_y=stride("y"),
        stride_x=stride("x"),
        pad_top=registers.get("IFM_PAD_TOP"),
        pad_left=registers.get("IFM_PAD_LEFT"),
        pad_bottom=registers.get("IFM_PAD_BOTTOM"),
        pad_right=registers.get("IFM_PAD_RIGHT"),
        part_kernel_first=bool(registers.field("KERNEL_STRIDE", "part_kernel_first")),
        upscale=Upscale(registers.field("IFM_UPSCALE", "mode")),
    )


def _windowed_ifm(registers: RegisterFile, kernel: Kernel, ofm: FeatureMap) -> FeatureMap:
    """Return the IFM; its height and width are not given but follow from the windows that fit."""

    def size(outputs: int, step: int, window: int, padding: int) -> int:
        enlarged = max(1, (outputs - 1) * step + window - padding)
        return enlarged if kernel.upscale is Upscale.NONE else -(-enlarged // 2)

    height = size(ofm.height, kernel.stride_y, kernel.dilated_height, kernel.pad_top + kernel.pad_bottom)
    width = size(ofm.width, kernel.stride_x, kernel.dilated_width, kernel.pad_left + kernel.pad_right)
    return _feature_map(registers, "IFM", (height, width, registers.get("IFM_DEPTH_M1") + 1))


def _output(registers: RegisterFile, has_scale: bool) -> OutputStage:
    activation = registers.field("ACTIVATION", "type")
    is_table = activation >= ActivationType.TABLE.value
    global_scale = bool(registers.field("OFM_PRECISION", "global_scale"))
    if global_scale and has_scale:
        scale, shift = registers.get("OFM_SCALE"), registers.shift("OFM_SCALE")
    else:
        scale, shift = 1, 0
    signed = registers.field("OFM_PRECISION", "signed")
    lowest, highest = registers.get("ACTIVATION_MIN"), registers.get("ACTIVATION_MAX")
    return OutputStage(
        global_scale=global_scale,
        scale=scale,
        shift=shift,
        rounding=Rounding(registers.field("OFM_PRECISION", "rounding")),
        activation=ActivationType.TABLE if is_table else ActivationType(activation),
        table=activation % _TABLE_COUNT if is_table else 0,
        lowest=lowest if signed else lowest & 0xFFFF,
        highest=highest if signed else highest & 0xFFFF,
        clip=_CLIP_ELEMENTS.get(registers.field("ACTIVATION", "clip_range")),
    )


def _block(registers: RegisterFile) -> tuple[int, int, int]:
    height, width, depth = (registers.get(f"OFM_BLK_{axis}_M1") + 1 for axis in ("HEIGHT", "WIDTH", "DEPTH"))
    return height, width, depth


def _convolution(registers: RegisterFile, instruction: Instruction, index: int) -> Operation:
    ofm, kernel = _ofm(registers), _kernel(registers)
    cores = registers.field("PARALLEL_MODE", "cores_minus_1") + 1 if "PARALLEL_MODE" in registers.values else 1
    ifm = _windowed_ifm(registers, kernel, ofm)
    output, block = _output(registers, has_scale=True), _block(registers)
    weights = _spans(registers, "WEIGHT", cores)
    scales = _spans(registers, "SCALE", cores)
    dependency = registers.get("BLOCKDEP")
    return Convolution(
        *(index, instruction.offset, instruction.name, tuple(registers.used.items()), tuple(registers.unset)),
        ifm=ifm,
        ofm=ofm,
        output=output,
        block=block,
        block_dependency=dependency,
        kernel=kernel,
        weights=weights,
        scales=scales,
        is_depthwise=instruction.name == "DEPTHWISE",
        cores=cores,
    )


def _spans(registers: RegisterFile, kind: str, cores: int) -> tuple[Span, ...]:
    region = registers.get(f"{kind}_REGION")
    names = (kind, f"{kind}1")[:cores]
    return tuple(Span(region, registers.get(f"{name}_BASE"), registers.get(f"{name}_LENGTH")) for name in names)


def _pooling(registers: RegisterFile, instruction: Instruction, index: int) -> Operation:
    ofm, kernel = _ofm(registers), _kernel(registers)
    mode = instruction.command.fields[0].show(instruction.value)
    ifm = _windowed_ifm(registers, kernel, ofm)
    # MAX takes no scale: Mesa leaves in the register what stood there, and boards are right with it.
    output, block, dependency = _output(registers, mode != "MAX"), _block(registers), registers.get("BLOCKDEP")
    return Pooling(
        *(index, instruction.offset, instruction.name, tuple(registers.used.items()), tuple(registers.unset)),
        ifm=ifm,
        ofm=ofm,
        output=output,
        block=block,
        block_dependency=dependency,
        kernel=kernel,
        mode=mode,
    )


_UNARY = ("LRELU", "ABS", "CLZ")
_SCALED = ("MUL", "ADD", "SUB", "LRELU", "ABS")


def _elementwise(registers: RegisterFile, instruction: Instruction, index: int) -> Operation:
    mode = instruction.command.fields[0].show(instruction.value)
    ofm = _ofm(registers)
    ifm = _feature_map(registers, "IFM", ofm.shape)
    ifm2: FeatureMap | None = None
    scalar: int | None = None
    ifm2_first = False
    if mode not in _UNARY:
        broadcast = registers.get("IFM2_BROADCAST")
        ifm2_first = bool(registers.field("IFM2_BROADCAST", "operand_order"))
        if registers.field("IFM2_BROADCAST", "scalar"):
            signed = registers.field("IFM2_PRECISION", "signed")
            zero_point, value = registers.get("IFM2_ZERO_POINT"), registers.get("IFM2_SCALAR")
            scalar = value - zero_point if signed else (value & 0xFFFF) - (zero_point & 0xFFFF)
        else:
            ifm2 = _feature_map(registers, "IFM2", ofm.shape, broadcast)
    scales = (0, 0, 0)
    if mode in ("ADD", "SUB"):
        scales = registers.get("OPA_SCALE"), registers.shift("OPA_SCALE"), registers.get("OPB_SCALE")
    output, block, dependency = _output(registers, mode in _SCALED), _block(registers), registers.get("BLOCKDEP")
    scaled_operand = registers.field("IFM_PRECISION", "scale_mode")
    return Elementwise(
        *(index, instruction.offset, instruction.name, tuple(registers.used.items()), tuple(registers.unset)),
        ifm=ifm,
        ofm=ofm,
        output=output,
        block=block,
        block_dependency=dependency,
        mode=mode,
        ifm2=ifm2,
        scalar=scalar,
        ifm2_first=ifm2_first,
        scaled_operand=scaled_operand,
        first_scale=scales[0],
        first_shift=scales[1],
        second_scale=scales[2],
        operand_rounding=Rounding(registers.field("IFM_PRECISION", "rounding")),
    )


def _transfer(registers: RegisterFile, instruction: Instruction, index: int) -> Operation:
    source, target = _side(registers, "SRC"), _side(registers, "DST")
    dimensions = max(source.dimensions, target.dimensions)
    length = registers.get("DMA0_LEN")
    rows = registers.get("DMA0_SIZE0") if dimensions > 1 else 1
    row_skip = registers.get("DMA0_SKIP0") if dimensions > 1 else 0
    planes = registers.get("DMA0_SIZE1") if dimensions > 2 else 1
    plane_skip = registers.get("DMA0_SKIP1") if dimensions > 2 else 0
    return Transfer(
        *(index, instruction.offset, instruction.name, tuple(registers.used.items()), tuple(registers.unset)),
        source=source,
        target=target,
        length=length,
        rows=rows,
        planes=planes,
        row_skip=row_skip,
        plane_skip=plane_skip,
    )


def _side(registers: RegisterFile, side: str) -> Side:
    register = f"DMA0_{side}_REGION"
    region = None if registers.field(register, "internal") else registers.field(register, "region")
    return Side(region, registers.get(f"DMA0_{side}"), registers.field(register, "stride_mode") + 1)


_READERS: dict[str, Callable[[RegisterFile, Instruction, int], Operation]] = {
    "CONV": _convolution,
    "DEPTHWISE": _convolution,
    "POOL": _pooling,
    "ELEMENTWISE": _elementwise,
    "DMA_START": _transfer,
    "DMA_WAIT": _wait,
    "KERNEL_WAIT": _wait,
}
