"""The command set of the Ethos-U55 and U65 as a table: codes, payloads and bit fields.

Source: the register names and bit fields that the package `ethos-u-vela` lists (`ethosu.vela.ethos_u55_regs`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Form(Enum):
    """How the value of a command is encoded."""

    UNSIGNED = "16 bits"
    SIGNED = "16 bits, signed if the feature map is"
    ADDRESS = "40 bits"
    DISTANCE = "40 bits, signed"
    WORD = "32 bits"
    SCALE = "32 bits and a shift of 6 bits"


@dataclass(frozen=True, slots=True)
class Field:
    """Bits `low` to `low + width - 1` of a 16-bit parameter; `names` are its legal values if it is a closed set."""

    name: str
    low: int
    width: int
    names: tuple[tuple[int, str], ...] = ()

    def of(self, value: int) -> int:
        """Return the field's bits of `value`."""
        return value >> self.low & (1 << self.width) - 1

    def show(self, value: int) -> str:
        """Return the field's bits of `value` in readable form."""
        bits = self.of(value)
        return dict(self.names).get(bits, str(bits))


@dataclass(frozen=True, slots=True)
class Command:
    """One command. An operation runs with the current registers; any other command sets the register of its name."""

    name: str
    code: int
    has_payload: bool
    form: Form = Form.UNSIGNED
    fields: tuple[Field, ...] = ()
    is_operation: bool = False

    @property
    def reserved_bits(self) -> int:
        """The bits of the parameter that must be zero; none if the whole parameter is one value."""
        if not self.fields:
            return 0
        used = 0
        for field in self.fields:
            used |= (1 << field.width) - 1 << field.low
        return 0xFFFF & ~used


_LAYOUT = Field("format", 6, 2, ((0, "NHWC"), (1, "NHCWB16")))
_ROUNDING = Field("rounding", 14, 2, ((0, "TFL"), (1, "TRUNCATE"), (2, "NATURAL")))
_WIDTHS = ((0, "8"), (1, "16"), (2, "32"))
_SIGNED = Field("signed", 0, 1)
_IFM_ELEMENT = (_SIGNED, Field("bits", 2, 2, _WIDTHS))
_REGION = Field("region", 0, 8, tuple((number, str(number)) for number in range(8)))
_DMA_REGION = (_REGION, Field("internal", 8, 1), Field("stride_mode", 9, 2, ((0, "1D"), (1, "2D"), (2, "3D"))))

_FIELDS: dict[str, tuple[Field, ...]] = {
    "STOP": (Field("mask", 0, 16),),
    "IRQ": (Field("mask", 0, 16),),
    "POOL": (Field("mode", 0, 16, ((0, "MAX"), (1, "AVERAGE"), (2, "REDUCE_SUM"))),),
    "ELEMENTWISE": (
        Field(
            "mode",
            0,
            16,
            tuple(enumerate(("MUL", "ADD", "SUB", "MIN", "MAX", "LRELU", "ABS", "CLZ", "SHR", "SHL"))),
        ),
    ),
    "DMA_START": (Field("mode", 0, 4, ((0, "COPY"),)), Field("channel", 4, 4, ((0, "0"),))),
    "DMA_WAIT": (Field("outstanding", 0, 4), Field("channel", 4, 4, ((0, "0"),))),
    "KERNEL_WAIT": (Field("outstanding", 0, 4),),
    "PMU_MASK": (Field("enable", 0, 1),),
    "IFM_PRECISION": (
        *_IFM_ELEMENT,
        _LAYOUT,
        Field("scale_mode", 8, 2, ((0, "16BIT"), (1, "OPA_32BIT"), (2, "OPB_32BIT"))),
        _ROUNDING,
    ),
    "IFM2_PRECISION": (*_IFM_ELEMENT, _LAYOUT),
    "OFM_PRECISION": (_SIGNED, Field("bits", 1, 2, _WIDTHS), _LAYOUT, Field("global_scale", 8, 1), _ROUNDING),
    "IFM_UPSCALE": (Field("mode", 0, 2, ((0, "NONE"), (1, "NEAREST"), (2, "ZEROS"))),),
    "KERNEL_STRIDE": (
        Field("stride_x_low", 0, 1),
        Field("stride_y_low", 1, 1),
        Field("part_kernel_first", 2, 1),
        Field("dilation_x_minus_1", 3, 1),
        Field("dilation_y_minus_1", 4, 1),
        Field("decomposition", 5, 1),
        Field("stride_x_high", 6, 3),
        Field("stride_y_high", 9, 3),
    ),
    "ACC_FORMAT": (Field("format", 0, 2, ((0, "INT32"), (1, "INT40"), (2, "FP_S5_10"))),),
    "ACTIVATION": (
        Field("type", 0, 12, ((0, "NONE"), (3, "TANH"), (4, "SIGMOID"), *((16 + n, f"LUT{n}") for n in range(8)))),
        Field("clip_range", 12, 4, ((0, "OFM"), (2, "U8"), (3, "S8"), (5, "S16"))),
    ),
    "PARALLEL_MODE": (Field("cores_minus_1", 0, 1),),
    "BLOCKDEP": (Field("blocks", 0, 2),),
    "IFM2_BROADCAST": (
        Field("height", 0, 1),
        Field("width", 1, 1),
        Field("depth", 2, 1),
        Field("operand_order", 6, 1, ((0, "IFM_FIRST"), (1, "IFM2_FIRST"))),
        Field("scalar", 7, 1),
    ),
    "DMA0_SRC_REGION": _DMA_REGION,
    "DMA0_DST_REGION": _DMA_REGION,
    **{f"{map_}_REGION": (_REGION,) for map_ in ("IFM", "IFM2", "OFM", "WEIGHT", "SCALE")},
}

_OPERATIONS = {
    0x000: "STOP",
    0x001: "IRQ",
    0x002: "CONV",
    0x003: "DEPTHWISE",
    0x005: "POOL",
    0x006: "ELEMENTWISE",
    0x010: "DMA_START",
    0x011: "DMA_WAIT",
    0x012: "KERNEL_WAIT",
    0x013: "PMU_MASK",
}

_PARAMETERS = {
    0x100: "IFM_PAD_TOP",
    0x101: "IFM_PAD_LEFT",
    0x102: "IFM_PAD_RIGHT",
    0x103: "IFM_PAD_BOTTOM",
    0x104: "IFM_DEPTH_M1",
    0x105: "IFM_PRECISION",
    0x107: "IFM_UPSCALE",
    0x109: "IFM_ZERO_POINT",
    0x10A: "IFM_WIDTH0_M1",
    0x10B: "IFM_HEIGHT0_M1",
    0x10C: "IFM_HEIGHT1_M1",
    0x10D: "IFM_IB_END",
    0x10F: "IFM_REGION",
    0x111: "OFM_WIDTH_M1",
    0x112: "OFM_HEIGHT_M1",
    0x113: "OFM_DEPTH_M1",
    0x114: "OFM_PRECISION",
    0x115: "OFM_BLK_WIDTH_M1",
    0x116: "OFM_BLK_HEIGHT_M1",
    0x117: "OFM_BLK_DEPTH_M1",
    0x118: "OFM_ZERO_POINT",
    0x11A: "OFM_WIDTH0_M1",
    0x11B: "OFM_HEIGHT0_M1",
    0x11C: "OFM_HEIGHT1_M1",
    0x11F: "OFM_REGION",
    0x120: "KERNEL_WIDTH_M1",
    0x121: "KERNEL_HEIGHT_M1",
    0x122: "KERNEL_STRIDE",
    0x123: "PARALLEL_MODE",
    0x124: "ACC_FORMAT",
    0x125: "ACTIVATION",
    0x126: "ACTIVATION_MIN",
    0x127: "ACTIVATION_MAX",
    0x128: "WEIGHT_REGION",
    0x129: "SCALE_REGION",
    0x12D: "AB_START",
    0x12F: "BLOCKDEP",
    0x130: "DMA0_SRC_REGION",
    0x131: "DMA0_DST_REGION",
    0x132: "DMA0_SIZE0",
    0x133: "DMA0_SIZE1",
    0x180: "IFM2_BROADCAST",
    0x181: "IFM2_SCALAR",
    0x185: "IFM2_PRECISION",
    0x189: "IFM2_ZERO_POINT",
    0x18A: "IFM2_WIDTH0_M1",
    0x18B: "IFM2_HEIGHT0_M1",
    0x18C: "IFM2_HEIGHT1_M1",
    0x18D: "IFM2_IB_START",
    0x18F: "IFM2_REGION",
}

_SIGNED_PARAMETERS = (
    *("IFM_ZERO_POINT", "IFM2_ZERO_POINT", "OFM_ZERO_POINT", "IFM2_SCALAR", "ACTIVATION_MIN", "ACTIVATION_MAX"),
)


def _feature_map_payloads(prefix: str, first: int) -> dict[int, str]:
    names = (*(f"BASE{tile}" for tile in range(4)), "STRIDE_X", "STRIDE_Y", "STRIDE_C")
    return {first + index: f"{prefix}_{name}" for index, name in enumerate(names)}


_PAYLOADS = {
    **_feature_map_payloads("IFM", 0x000),
    **_feature_map_payloads("OFM", 0x010),
    0x020: "WEIGHT_BASE",
    0x021: "WEIGHT_LENGTH",
    0x022: "SCALE_BASE",
    0x023: "SCALE_LENGTH",
    0x024: "OFM_SCALE",
    0x025: "OPA_SCALE",
    0x026: "OPB_SCALE",
    0x030: "DMA0_SRC",
    0x031: "DMA0_DST",
    0x032: "DMA0_LEN",
    0x033: "DMA0_SKIP0",
    0x034: "DMA0_SKIP1",
    **_feature_map_payloads("IFM2", 0x080),
    0x090: "WEIGHT1_BASE",
    0x091: "WEIGHT1_LENGTH",
    0x092: "SCALE1_BASE",
    0x093: "SCALE1_LENGTH",
}


def _payload_form(name: str) -> Form:
    if name in ("OFM_SCALE", "OPA_SCALE", "OPB_SCALE"):
        return Form.SCALE
    if name.endswith("_LENGTH"):
        return Form.WORD
    # Strides are negative if Vela mirrors a feature map, for MIRROR_PAD.
    return Form.DISTANCE if "SKIP" in name or "STRIDE_" in name else Form.ADDRESS


COMMANDS: dict[tuple[bool, int], Command] = {
    **{
        (False, code): Command(name, code, False, fields=_FIELDS.get(name, ()), is_operation=True)
        for code, name in _OPERATIONS.items()
    },
    **{
        (False, code): Command(
            name,
            code,
            False,
            Form.SIGNED if name in _SIGNED_PARAMETERS else Form.UNSIGNED,
            _FIELDS.get(name, ()),
        )
        for code, name in _PARAMETERS.items()
    },
    **{(True, code): Command(name, code, True, _payload_form(name)) for code, name in _PAYLOADS.items()},
}
"""Every command by whether a payload follows, and by its code."""

BY_NAME: dict[str, Command] = {command.name: command for command in COMMANDS.values()}


_FIELD = {(command.name, field.name): field for command in COMMANDS.values() for field in command.fields}


def field_of(register: str, field: str, value: int) -> int:
    """Return the bits that `value` of `register` has in `field`."""
    return _FIELD[register, field].of(value)
