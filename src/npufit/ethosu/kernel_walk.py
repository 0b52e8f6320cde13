"""What the mainline `ethosu` driver computes for a stream: how far each region is used, and which checks fail.

This follows what the driver takes into account, even where the hardware differs: the driver accepts or refuses a
command stream by its own arithmetic. (Linux `drivers/accel/ethosu/ethosu_gem.c`: the first version @32a92f8c8932; its
successors up to 7.3.4, with which `make test-kernel` compares this; and a later strict one, which was only read.)
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from npufit.ethosu.commands import COMMANDS

_CODE_BITS, _PAYLOAD = 0x3FF, 0x4000
_RESERVED = 0xFFFF & ~(_CODE_BITS | _PAYLOAD)
_RESIZE, _BRANCH = 0x007, 0x4100
_GLOBAL_SCALE, _SCALAR, _SCALAR_U85, _INTERNAL = 0x100, 0x80, 8, 0x100
_ADDRESS_MASK = (1 << 64) - 1
_LENGTH_MASK = (1 << 32) - 1
"""The driver keeps only 32 bits of the lengths of weights and scales."""
_UNSET_STRIDES = 0xFFFF
"""The driver's initial value of KERNEL_STRIDE."""
_ELEMENT_SIZES = 0xE
"""The bits of a precision in which a driver finds the size of an element; all zero for bytes."""
_UNARY = (5, 6, 7, 0x24)
_NO_INPUT_POOL = 4
_NAMES = {code | (_PAYLOAD if payload else 0): command for (payload, code), command in COMMANDS.items()}
_OF_THE_U85 = {0x108: "IFM_BROADCAST", 0x4035: "DMA0_DST_SKIP0", 0x4036: "DMA0_DST_SKIP1"}
"""Registers that the Ethos-U65 does not have, but that the driver takes from its streams all the same."""
_NARROW = frozenset(command.name for command in COMMANDS.values() if not command.has_payload)


@dataclass(frozen=True, slots=True)
class Traits:
    """The differences between drivers that walk differently; each is a fix that a kernel has or lacks."""

    strict: bool = True
    address_fix: bool = True
    transfer_fix: bool = True
    element_fix: bool = True
    scalar_fix: bool = True
    rounding_fix: bool = True
    underflow_fix: bool = True


@dataclass(frozen=True, slots=True)
class Complaint:
    """A check (by its id) that a command fails. `operation` is None if no operation is concerned."""

    check: str
    operation: int | None
    name: str
    offset: int
    detail: str


@dataclass(slots=True)
class Walk:
    """The registers as the driver remembers them, and its findings so far. `extents` are bytes by region."""

    traits: Traits
    registers: dict[str, int] = field(default_factory=dict[str, int])
    extents: dict[int, int] = field(default_factory=dict[int, int])
    complaints: list[Complaint] = field(default_factory=list[Complaint])
    mattered: set[str] = field(default_factory=set[str])
    """The fixes (fields of the traits, but `strict`) without which, or with which, the walk may have been another."""
    operations: int = 0
    name: str = ""
    offset: int = 0

    def serves(self, traits: Traits) -> bool:
        """Return whether a driver with `traits` is known to find the same."""
        return self.traits.strict == traits.strict and all(
            getattr(self.traits, fix) == getattr(traits, fix) for fix in self.mattered
        )

    def complain(self, check: str, detail: str, *, of_operation: bool = True) -> None:
        """Note that the current command fails `check`."""
        number = self.operations if of_operation else None
        self.complaints.append(Complaint(check, number, self.name, self.offset, detail))

    def get(self, name: str) -> int:
        """Return a register. The driver starts with all bits set, the strict one with zero."""
        value = self.registers.get(name)
        if value is not None:
            return value
        if self.traits.strict:
            return 0
        return 0xFFFF if name in _NARROW else _ADDRESS_MASK

    def require(self, check: str, *names: str) -> bool:
        """Return whether all of `names` were set; otherwise report it."""
        missing = [name for name in names if name not in self.registers]
        if missing:
            self.complain(check, f"{', '.join(missing)} never set")
        return not missing

    def use(self, region: int, end: int) -> None:
        """Note that `region` is used up to `end`."""
        self.extents[region & 7] = max(self.extents.get(region & 7, 0), end)


def walk(stream: bytes, traits: Traits) -> Walk:
    """Return what a driver with `traits` finds in the words of `stream`; bytes after the last word are ignored."""
    state = Walk(traits)
    words = struct.unpack(f"<{len(stream) // 4}I", stream[: len(stream) // 4 * 4])
    position, stopped = 0, False
    while position < len(words):
        word = words[position]
        code, parameter = word & 0xFFFF, word >> 16
        command = _NAMES.get(code)
        state.offset, state.name = 4 * position, command.name if command else f"command {code:#06x}"
        if code & _PAYLOAD:
            position += 1
            if position == len(words):
                state.complain("cut-off", "its payload is missing", of_operation=False)
                break
            if parameter & 0xFF:
                state.mattered.add("address_fix")
            parameter = (parameter & 0xFF if traits.address_fix else 0) << 32 | words[position]
        if command is None:
            _unknown(state, code, parameter)
        elif not command.is_operation:
            state.registers[command.name] = parameter
            _set(state, parameter)
        else:
            if command.name == "STOP":
                stopped = True
                if position != len(words) - 1:
                    state.complain("after-stop", f"{len(words) - 1 - position} words follow")
            elif command.name in _OPERATIONS:
                _OPERATIONS[command.name](state, parameter)
            state.operations += 1
        position += 1
    if not stopped:
        state.offset, state.name = 4 * len(words), "end"
        state.complain("last-stop", "it does not end with STOP", of_operation=False)
    return state


def _unknown(state: Walk, code: int, parameter: int) -> None:
    if code in _OF_THE_U85:
        state.registers[_OF_THE_U85[code]] = parameter
    elif code == _RESIZE:
        state.name = "RESIZE"
        state.complain("resize", "RESIZE is a command of the Ethos-U85", of_operation=False)
    elif code == _BRANCH:
        state.name = "BRANCH"
        state.complain("branch", "a jump", of_operation=False)
    elif code & _RESERVED:
        state.complain("reserved", f"bits {code & _RESERVED:#06x} of the command are set", of_operation=False)


def _set(state: Walk, parameter: int) -> None:
    if state.name in ("IFM_PRECISION", "IFM2_PRECISION", "OFM_PRECISION") and parameter >> 6 & 3 > 1:
        state.complain("format", f"format {parameter >> 6 & 3}", of_operation=False)
    if state.name in ("DMA0_SRC_REGION", "DMA0_DST_REGION") and (parameter >> 11 or parameter >> 9 & 3 == 3):
        state.complain("dma-mode", f"value {parameter:#06x}", of_operation=False)


def _irq(state: Walk, parameter: int) -> None:
    state.complain("irq", f"mask {parameter:#x}")


def _dma(state: Walk, _parameter: int) -> None:
    if state.traits.strict:
        _strict_dma(state)
        return
    # The mode of the source counts for both sides. A mode of 3 has one more dimension, as a mode of 1.
    mode = state.get("DMA0_SRC_REGION") >> 9 & 3 if "DMA0_SRC_REGION" in state.registers else 0
    for side in ("SRC", "DST"):
        _measure_transfer(state, side, {0: 0, 2: 2}.get(mode, 1))


def _measure_transfer(state: Walk, side: str, more_dimensions: int) -> None:
    """Measure one side of a transfer as the drivers up to 7.3.4 do: it counts where its region was set."""
    checked = state.traits.transfer_fix
    if "DMA0_LEN" not in state.registers:
        state.mattered.add("transfer_fix")
    if checked and not state.require("dma-length", "DMA0_LEN"):
        return
    region = state.registers.get(f"DMA0_{side}_REGION", _INTERNAL)
    length = state.get("DMA0_LEN")
    for axis in range(more_dimensions):
        name = f"DMA0_SKIP{axis}" if side == "SRC" else f"DMA0_DST_SKIP{axis}"
        skip = _signed(state.registers.get(name, -1))
        if -skip > length:
            state.mattered.add("transfer_fix")
        if checked and -skip > length:
            state.complain("overflow", f"{name} of {skip} goes back by more than the {length} bytes")
            return
        length = (length + skip & _ADDRESS_MASK) * state.get(f"DMA0_SIZE{axis}")
        if length >= _ADDRESS_MASK:
            state.mattered.add("transfer_fix")
        if checked and length >= _ADDRESS_MASK:
            state.complain("overflow", f"{length} bytes")
            return
        length &= _ADDRESS_MASK
    if region & _INTERNAL:
        return
    end = length + state.get(f"DMA0_{side}")
    if end > _ADDRESS_MASK:
        state.mattered.add("transfer_fix")
    if checked and end > _ADDRESS_MASK:
        if state.require("dma-length", f"DMA0_{side}"):
            state.complain("overflow", f"{length} bytes")
        return
    state.use(region, end & _ADDRESS_MASK)


def _strict_dma(state: Walk) -> None:
    for side in ("SRC", "DST"):
        region = state.get(f"DMA0_{side}_REGION")
        mode = region >> 9 & 3
        names = [f"DMA0_{side}_REGION", f"DMA0_{side}", "DMA0_LEN", *(f"DMA0_SIZE{axis}" for axis in range(mode))]
        if not state.require("dma-state", *names[: 3 + min(mode, 2)]):
            continue
        if any(not state.get(f"DMA0_SIZE{axis}") for axis in range(min(mode, 2))):
            state.complain("dma-state", "a transfer of zero rows or planes")
            continue
        length = state.get("DMA0_LEN")
        for axis in range(min(mode, 2)):
            skip = _signed(state.get(f"DMA0_SKIP{axis}")) if side == "SRC" else 0
            if -skip > length:
                state.complain("overflow", f"DMA0_SKIP{axis} of {skip} goes back by more than the {length} bytes")
            length = (length + skip) * state.get(f"DMA0_SIZE{axis}") & _ADDRESS_MASK
        if not region & _INTERNAL:
            state.use(region, length + state.get(f"DMA0_{side}") & _ADDRESS_MASK)


def _signed(distance: int) -> int:
    value = distance & (1 << 40) - 1
    return value - (1 << 40) if value >> 39 else value


def _convolution(state: Walk, parameter: int) -> None:
    if state.name == "CONV" and parameter:
        state.complain("conv-parameter", f"parameter {parameter:#x}")
    from_ifm2 = bool(parameter & 1) and not state.traits.strict
    _window(state, takes_input=True, takes_weights=not from_ifm2, takes_ifm2=from_ifm2)


def _pooling(state: Walk, parameter: int) -> None:
    _window(state, takes_input=parameter != _NO_INPUT_POOL, takes_weights=False)


def _window(state: Walk, *, takes_input: bool, takes_weights: bool, takes_ifm2: bool = False) -> None:
    if state.traits.strict and not state.require("registers", "OFM_PRECISION"):
        return
    if takes_input:
        _windowed_input(state)
    if takes_ifm2:
        # Weights that come as a feature map, whose width the driver takes from the IFM's depth.
        _feature_map(state, "IFM2", state.get("IFM_DEPTH_M1"), 0, state.get("OFM_DEPTH_M1"))
    if takes_weights:
        _buffer(state, "WEIGHT")
    if not state.get("OFM_PRECISION") & _GLOBAL_SCALE:
        _buffer(state, "SCALE")
    _output(state)


def _windowed_input(state: Walk) -> None:
    if state.traits.strict:
        pads = (f"IFM_PAD_{side}" for side in ("TOP", "LEFT", "RIGHT", "BOTTOM"))
        if not state.require("registers", "KERNEL_WIDTH_M1", "KERNEL_HEIGHT_M1", "KERNEL_STRIDE", *pads):
            return
    elif not state.require("state", "KERNEL_STRIDE"):
        return
    strides = state.get("KERNEL_STRIDE")
    if strides == _UNSET_STRIDES and not state.traits.strict:
        state.complain("state", f"KERNEL_STRIDE of {strides:#x} counts as never set")
        return
    step_y, step_x = (strides >> 8 & 2) + (strides >> 1 & 1) + 1, (strides >> 5 & 2) + (strides & 1) + 1
    dilation_y, dilation_x = (strides >> 4 & 1) + 1, (strides >> 3 & 1) + 1
    if not state.traits.strict:
        dilation_y = dilation_x = 1
    # The driver keeps 7 bits of these two; before they are set, all 8 of its memory are ones.
    above, left = (
        state.get(name) & (0x7F if name in state.registers or state.traits.strict else 0xFF)
        for name in ("IFM_PAD_TOP", "IFM_PAD_LEFT")
    )
    below, right = state.get("IFM_PAD_BOTTOM") & 0xFF, state.get("IFM_PAD_RIGHT") & 0xFF
    y = state.get("OFM_HEIGHT_M1") * step_y + state.get("KERNEL_HEIGHT_M1") * dilation_y - above - below
    x = state.get("OFM_WIDTH_M1") * step_x + state.get("KERNEL_WIDTH_M1") * dilation_x - left - right
    if min(x, y) < 0:
        state.mattered.add("underflow_fix")
    if min(x, y) < 0 and state.traits.underflow_fix:
        state.complain("underflow", f"padding {above}+{below} and {left}+{right} leaves {y + 1}x{x + 1}")
        return
    _feature_map(state, "IFM", x & 0xFFFFFFFF, y & 0xFFFFFFFF, state.get("IFM_DEPTH_M1"))


def _elementwise(state: Walk, parameter: int) -> None:
    strict, is_binary = state.traits.strict, parameter not in _UNARY
    if strict and is_binary and not state.require("registers", "IFM2_BROADCAST"):
        return
    size = state.get("OFM_WIDTH_M1"), state.get("OFM_HEIGHT_M1"), state.get("OFM_DEPTH_M1")
    # Up to 7.3.4 the driver asks for the IFM's broadcast, which the U65 does not have. While it is not set, the driver
    # measures the first value alone.
    broadcast = 0 if strict else state.get("IFM_BROADCAST") & 0xFF
    if broadcast != _SCALAR_U85:
        _feature_map(state, "IFM", *_broadcast(size, broadcast))
    broadcast = state.get("IFM2_BROADCAST") & 0xFF
    if bool(broadcast & _SCALAR) != (broadcast == _SCALAR_U85):
        state.mattered.add("scalar_fix")
    is_scalar = bool(broadcast & _SCALAR) if state.traits.scalar_fix else broadcast == _SCALAR_U85
    if is_binary and not is_scalar:
        check = "scalar" if broadcast & _SCALAR else "state"
        _feature_map(state, "IFM2", *_broadcast(size, broadcast), check)
    _output(state)


def _broadcast(size: tuple[int, int, int], broadcast: int) -> tuple[int, int, int]:
    width, height, depth = (0 if broadcast & bit else axis for bit, axis in zip((2, 1, 4), size, strict=True))
    return width, height, depth


def _output(state: Walk) -> None:
    _feature_map(state, "OFM", state.get("OFM_WIDTH_M1"), state.get("OFM_HEIGHT_M1"), state.get("OFM_DEPTH_M1"))


def _buffer(state: Walk, kind: str) -> None:
    if not state.require("state", f"{kind}_REGION", f"{kind}_BASE", f"{kind}_LENGTH"):
        return
    region = state.get(f"{kind}_REGION")
    length = state.get(f"{kind}_LENGTH") & _LENGTH_MASK
    if length == _LENGTH_MASK and not state.traits.strict:
        state.complain("state", f"{kind}_LENGTH of {length:#x} counts as never set")
        return
    state.use(region, state.get(f"{kind}_BASE") + length)
    second = f"{kind}1_BASE", f"{kind}1_LENGTH"
    if state.traits.strict and any(name in state.registers for name in second) and state.require("registers", *second):
        state.use(region, state.get(second[0]) + (state.get(second[1]) & _LENGTH_MASK))


def _feature_map(state: Walk, prefix: str, x: int, y: int, c: int, check: str = "state") -> None:
    """Measure a feature map by its last value; the strict driver also measures the other corners."""
    if not state.require(check, f"{prefix}_REGION"):
        return
    precision = state.get(f"{prefix}_PRECISION")
    if precision >> 14:
        state.mattered.add("rounding_fix")
    storage = 0 if state.traits.rounding_fix else precision >> 14
    if storage > 1 or precision & _ELEMENT_SIZES:
        state.mattered.add("element_fix")
    if not state.traits.strict:
        if state.traits.element_fix and storage > 1:
            state.complain("rounding", f"{prefix}_PRECISION has rounding mode {storage}")
            return
        _corner(state, prefix, (x, y, c), storage, check)
        return
    needed = _needed(prefix, precision)
    if not state.require("registers", *needed):
        return
    if storage > 1:
        state.complain("rounding", f"{prefix}_PRECISION has rounding mode {storage}")
        return
    if precision >> 6 & 3 > 1:
        return
    corners = dict.fromkeys((across, down, c) for across in (0, x) for down in (0, y))
    if storage == 1:
        corners = {(x, 0, c): None, (x, y, c): None}
    for corner in corners:
        if not _corner(state, prefix, corner, storage, check):
            return


def _needed(prefix: str, precision: int) -> Iterator[str]:
    sizes = {"IFM": ("DEPTH_M1",), "OFM": ("DEPTH_M1", "WIDTH_M1", "HEIGHT_M1"), "IFM2": ()}[prefix]
    stride = "STRIDE_C" if precision >> 6 & 3 else "STRIDE_X"
    for name in ("PRECISION", *sizes, "WIDTH0_M1", "HEIGHT0_M1", "HEIGHT1_M1", "STRIDE_Y", stride):
        yield f"{prefix}_{name}"


def _corner(state: Walk, prefix: str, place: tuple[int, int, int], storage: int, check: str) -> bool:
    x, y, c = place
    tile = 0
    if storage == 0:
        width0 = state.get(f"{prefix}_WIDTH0_M1") + 1
        tile, x = (1, x - width0) if x >= width0 else (0, x)
        height = state.get(f"{prefix}_HEIGHT{tile}_M1") + 1
        tile, y = (tile + 2, y - height) if y >= height else (tile, y)
    elif storage == 1:
        first, second = (state.get(f"{prefix}_HEIGHT{number}_M1") + 1 for number in (0, 1))
        tile, y = (2, y - second) if y >= second else (1, y - first) if y >= first else (0, y)
    if not state.require(check, f"{prefix}_BASE{tile}"):
        return False
    precision = state.get(f"{prefix}_PRECISION")
    strict, checked = state.traits.strict, state.traits.element_fix
    # The first version takes the OFM's bits for the size of every element, and a byte for it in NHWC.
    item = 1 << (precision >> (1 if prefix == "OFM" or not checked else 2) & 3)
    address = state.get(f"{prefix}_BASE{tile}") + y * state.get(f"{prefix}_STRIDE_Y")
    if precision >> 6 & 3 == 0:
        address += x * state.get(f"{prefix}_STRIDE_X") + c * (item if checked else 1)
    elif precision >> 6 & 3 == 1:
        address += c // 16 * state.get(f"{prefix}_STRIDE_C") + ((16 * x + c % 16) * item & 0xFFFFFFFF)
    address &= _ADDRESS_MASK
    if address == _ADDRESS_MASK and not strict:
        state.complain(check, f"{prefix} ends where the driver's mark for never set is")
        return False
    state.use(state.get(f"{prefix}_REGION"), address + (item if strict else 1))
    return True


_OPERATIONS: dict[str, Callable[[Walk, int], None]] = {
    "CONV": _convolution,
    "DEPTHWISE": _convolution,
    "POOL": _pooling,
    "ELEMENTWISE": _elementwise,
    "DMA_START": _dma,
    "IRQ": _irq,
}
