"""Files in which several NPU calls write parts of one tensor, with operators on the CPU between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

import npufit
from networks import Network, quantized
from networks.operators import VELA, compiled_with_names
from npufit.graph import ConcatenationOptions, Model, OtherOptions
from npufit.running import RunOptions, run
from npufit.stacks import PlaceOptions
from npufit.stacks.vela import STACK
from npufit.tflite import parse_model
from real_files import find_model

_IMAGE = (1, 8, 8, 16)
_SCALE = 1 / 32


@dataclass(frozen=True)
class _Relay:
    """A CONCATENATION along `axis`; between the calls that compute its parts lies an operator on the CPU each.

    `readers` are the operators that read the result, `part_reader` is the part that the CPU reads besides. `shared`
    lists the partitions that write the result when Vela 5.2 compiles it.
    """

    axis: int
    readers: tuple[str, ...]
    part_reader: int | None
    shared: tuple[int, ...]

    def draw(self) -> Model:
        network = Network(quantization=quantized(_SCALE))

        def apply(kind: str, tensor: int, shape: Sequence[int] = _IMAGE) -> int:
            if kind != "REVERSE_V2":
                return network.apply(kind, [tensor], shape)
            axes = network.constant(np.array([2], np.int32))
            return network.apply(kind, [tensor, axes], shape, OtherOptions("ReverseV2Options", ()))

        current = apply("RELU", network.input(*_IMAGE))
        parts: list[int] = []
        for part in range(3):
            parts.append(apply("TANH", current))
            if part < 2:
                current = apply("ABS", apply("REVERSE_V2", current))
        shape = [size * 3 if axis == self.axis else size for axis, size in enumerate(_IMAGE)]
        whole = network.apply("CONCATENATION", parts, shape, ConcatenationOptions(self.axis))
        for kind in self.readers:
            apply(kind, whole, shape)
        if self.part_reader is not None:
            apply("REVERSE_V2", parts[self.part_reader])
        return network.model(*network.unread(), name="relay")


_RELAYS = {
    "rows, an output": _Relay(1, (), None, (0, 1, 2)),
    "channels, an output": _Relay(3, (), None, (0, 1, 2)),
    "read by the CPU": _Relay(3, ("REVERSE_V2",), None, (0, 1, 2)),
    "read by both": _Relay(3, ("REVERSE_V2", "RELU"), None, (0, 1, 2)),
    "one part has another reader": _Relay(3, (), 0, (1, 2)),
    "inside the scratch memory only": _Relay(2, ("RELU",), None, ()),
}


@pytest.mark.parametrize("relay", _RELAYS.values(), ids=_RELAYS)
def test_a_call_finds_what_an_earlier_one_wrote(relay: _Relay) -> None:
    model = relay.draw()
    compiled = parse_model(STACK.compile(model, VELA, PlaceOptions()).compiled, "compiled")
    calls = [operator.outputs for operator in compiled.main.operators if operator.is_npu_call]
    writers = [[number for number, outputs in enumerate(calls) if tensor in outputs] for tensor in set(sum(calls, ()))]
    assert [tuple(found) for found in writers if len(found) > 1] == ([relay.shared] if relay.shared else [])
    for seed in range(2):
        result = run(model, VELA, RunOptions(seed=seed, compare=True, repeat=1))
        assert result.comparison is not None
        assert result.comparison.is_equal
        assert result.findings == ()
        assert set(model.main.outputs) <= {found.tensor for found in result.comparison.tensors}


def test_the_partitions_that_share_a_tensor_are_named() -> None:
    placement = STACK.place(_RELAYS["one part has another reader"].draw(), VELA, PlaceOptions())
    (note,) = [note.text for note in placement.notes if "parts of one tensor" in note.text]
    assert note.startswith("Partitions that write parts of one tensor: 1, 2.")
    concatenation = next(placed for placed in placement.operators if placed.id.index == 8)
    assert (str(concatenation.unit), concatenation.partition) == ("npu", 2)  # complete after the last part


def test_a_compiled_file_that_shares_is_placed_and_compared() -> None:
    model = _RELAYS["read by the CPU"].draw()
    compiled = compiled_with_names(model)
    placement = STACK.place(compiled, VELA, PlaceOptions(time_limit_s=0.0))
    assert any("parts of one tensor: 0, 1, 2." in note.text for note in placement.notes)
    result = run(compiled, VELA, RunOptions(original=model, compare=True, repeat=0))
    assert result.comparison is not None
    assert result.comparison.is_equal


def test_a_pose_or_yolo_network() -> None:
    path = find_model("hard/yolov5n_320_int8_pc_io-int8.tflite")
    if not path.exists():
        pytest.skip(f"{path} is not there")
    model = npufit.load(path)
    result = run(model, VELA, RunOptions(compare=True, repeat=0))
    assert result.partitions == 4
    assert result.comparison is not None
    assert result.comparison.is_equal
    assert len(result.comparison.tensors) > 150
