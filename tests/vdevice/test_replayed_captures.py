"""Every captured submission, sent through the device, gives what `npufit run --capture` computes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from ethosu_client import Client
from recording import Recorder

import npufit
from npufit.ethosu import IO_REGION
from npufit.execution import Replay, Values, random_inputs, read_capture
from npufit.execution.capture import CapturedPartition
from npufit.execution.slots import read_feature_maps
from npufit.vdevice import CapturingObserver, DeviceOptions, Observers, virtual_device
from real_files import find_model, list_captures

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a virtual device needs Linux")


def _parameters() -> list[object]:
    large = [pytest.mark.slow]
    return [pytest.param(name, id=name, marks=() if name.startswith("micro/") else large) for name in list_captures()]


@pytest.mark.parametrize("name", _parameters())
def test_a_capture_gives_through_the_device_what_run_computes_and_can_be_captured(name: str, tmp_path: Path) -> None:
    model = npufit.load(find_model(f"{name}.tflite"))
    folder = list_captures()[name]
    partitions = read_capture(folder, model)
    expected = Replay(model, partitions).run(random_inputs(model))
    recorder, capturing = Recorder(), CapturingObserver(tmp_path / "capture")
    # Large streams are sanitized once, in the replay.
    options = DeviceOptions(sanitize=name.startswith("micro/"))
    client = Client(virtual_device("imx93", Observers((recorder, capturing)), options).open())
    submitted = [_submit(client, partition, expected) for partition in partitions]
    for partition, handles in zip(partitions, submitted, strict=True):
        with client.map(handles[IO_REGION], len(partition.submission.io)) as mapped:
            io = np.frombuffer(bytes(mapped), np.uint8)
        found, _ = read_feature_maps(model, partition.layout, io)
        for tensor in partition.layout.outputs:
            assert found[tensor].tobytes() == expected[tensor].tobytes(), f"tensor {tensor}"
    assert recorder.failures == recorder.refusals == []
    assert [number for number, _, _ in recorder.executions] == list(range(len(partitions)))
    shutil.copy(folder / "teflon.log", tmp_path / "capture")
    again = read_capture(tmp_path / "capture", model)
    assert [_without_inputs(partition) for partition in again] == [_without_inputs(each) for each in partitions]
    assert _with_inputs(again[-1], expected) == again[-1].submission.io


def test_a_capture_ends_where_the_next_inference_begins(tmp_path: Path) -> None:
    model = npufit.load(find_model("micro/residual_chain.tflite"))
    partitions = read_capture(list_captures()["micro/residual_chain"], model)
    recorder, capturing = Recorder(), CapturingObserver(tmp_path)
    client = Client(virtual_device("imx93", Observers((recorder, capturing))).open())
    _submit(client, partitions[0], random_inputs(model))
    assert (capturing.count, capturing.is_complete) == (1, False)
    job = recorder.submissions[0]
    client.submit(job.stream_handle, job.handles, job.sram_bytes)
    assert (capturing.count, capturing.is_complete) == (1, True)
    _submit(client, partitions[0], random_inputs(model))
    assert capturing.count == 1
    with pytest.raises(npufit.InputError, match="exists"):
        CapturingObserver(tmp_path).submitted(job)


def _submit(client: Client, partition: CapturedPartition, values: Values) -> dict[int, int]:
    """Submit a partition with its inputs; return the handles of its buffers."""
    data = partition.submission
    contents = enumerate((data.coefficients, _with_inputs(partition, values)))
    handles = {region: client.fill(content) for region, content in contents if content}
    client.submit(client.create_stream(data.stream), handles, data.sram_bytes)
    return handles


def _with_inputs(partition: CapturedPartition, values: Values) -> bytes:
    """Return the content of the IO buffer with `values` for the inputs of the partition."""
    io = bytearray(partition.submission.io)
    for slot in partition.layout.entering:
        content = values[slot.tensor].tobytes()
        io[slot.offset : slot.offset + len(content)] = content
    return bytes(io)


def _without_inputs(partition: CapturedPartition) -> tuple[object, ...]:
    data = partition.submission
    return data.stream, data.coefficients, len(data.io), data.sram_bytes, partition.layout
