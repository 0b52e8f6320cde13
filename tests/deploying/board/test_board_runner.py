"""run.py as a board runs it: an unmodified program that finds the virtual NPU, one that fails, or none."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from asynchronous_device import AsynchronousDevice
from deployed_bundles import ADDITION, KEYWORDS, LSTM, SHUFFLENET, change_file, change_manifest, write_bundle
from faulty_device import (
    BO_CREATE,
    BO_MMAP_OFFSET,
    BO_WAIT,
    CMDSTREAM_BO_CREATE,
    DEV_QUERY,
    OPEN,
    SUBMIT,
    Fault,
    FaultyDevice,
    interrupting,
    late,
    refusing,
    vanishing,
)
from npufit.ethosu import parse_kernel
from npufit.vdevice import Activity, Device, DeviceOptions, launch, virtual_device
from real_files import REPOSITORY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a virtual device needs Linux")

_RUN = REPOSITORY / "src/npufit/deploying/board/run.py"


class Ran(NamedTuple):
    """How run.py ended, and what it printed."""

    code: int
    said: str
    complained: str


Runner = Callable[..., Ran]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    """Return a function that runs run.py for a bundle, on a device."""

    def ran(bundle: Path, *options: str, device: Device | None = None) -> Ran:
        program = launch([sys.executable, str(_RUN), "--bundle", str(bundle), *options], device or _device())
        try:
            code = program.wait()
        finally:
            program.close()
        printed = capfd.readouterr()
        assert "Traceback" not in printed.err
        return Ran(code, printed.out, printed.err)

    return ran


@pytest.fixture
def addition(tmp_path: Path) -> Path:
    """Return a bundle of one small call."""
    return write_bundle(ADDITION, tmp_path / "addition")


def _device(
    fault: Fault = lambda _number, _made: None, kernel: str | None = "7.3", chip: str = "imx93"
) -> FaultyDevice:
    release = None if kernel is None else parse_kernel(kernel)
    return FaultyDevice(virtual_device(chip, Activity(), DeviceOptions(kernel=release)), fault)


@pytest.mark.parametrize(
    ("model", "calls", "values"),
    [(KEYWORDS, 1, 12), (LSTM, 1, 10), (SHUFFLENET, 27, 1176)],
    ids=["one", "state", "many"],
)
def test_what_the_npu_computes_is_what_the_reference_kernels_compute(
    model: str, calls: int, values: int, tmp_path: Path, run: Runner
) -> None:
    device = _device()
    bundle = write_bundle(model, tmp_path / "bundle")
    ran = run(bundle, "--verify", "--repeat", "3", "--output", str(tmp_path / "out"), device=device)
    assert ran.code == 0
    assert ran.said.startswith(f"identical: {values:,} of {values:,} values in 1 case, against LiteRT BUILTIN_REF")
    assert device.calls[SUBMIT] == device.calls[BO_WAIT] == 5 * calls
    assert device.calls[BO_CREATE] == 2
    assert device.calls[CMDSTREAM_BO_CREATE] == calls
    assert device.open_handles == device.open_files == 0
    if model != LSTM:  # whose second inference goes on where the first one ended
        found = np.load(tmp_path / "out" / "output_0.npy")
        assert found.tobytes() == (bundle / "verify/000/output_0.bin").read_bytes()


def test_calls_that_are_interrupted_or_told_to_repeat_are_repeated(tmp_path: Path, run: Runner) -> None:
    device = _device(interrupting(errno.EINTR, errno.EAGAIN))
    ran = run(write_bundle(KEYWORDS, tmp_path / "bundle"), "--verify", device=device)
    assert (ran.code, ran.said[:10]) == (0, "identical:")
    assert device.calls[SUBMIT] == 9
    assert device.open_handles == 0


def test_jobs_that_take_their_time_are_awaited(tmp_path: Path, run: Runner) -> None:
    bundle = write_bundle(KEYWORDS, tmp_path / "bundle")
    change_manifest(bundle, lambda manifest: manifest["steps"][0]["regions"].reverse())
    device = AsynchronousDevice(virtual_device("imx93", Activity()))
    assert run(bundle, "--verify", "--repeat", "3", device=device).code == 0
    assert device.unawaited == 0


def test_a_thousand_inferences_make_no_buffer_more_than_one(addition: Path, run: Runner) -> None:
    device = _device()
    assert run(addition, "--repeat", "1000", device=device).code == 0
    assert device.calls[SUBMIT] == 1001
    assert device.calls[BO_CREATE] == device.calls[CMDSTREAM_BO_CREATE] == 1
    assert device.open_handles == 0


def test_two_programs_share_the_device(addition: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    device = _device()
    commands = [
        f"{sys.executable} {_RUN} --bundle {bundle} --verify --repeat 20" for bundle in (addition, tmp_path / "kws")
    ]
    write_bundle(KEYWORDS, tmp_path / "kws")
    program = launch(["sh", "-c", f"{commands[0]} & {commands[1]}; code=$?; wait $! && exit $code"], device)
    try:
        assert program.wait() == 0
    finally:
        program.close()
    assert capfd.readouterr().out.count("identical:") == 2
    assert device.calls[SUBMIT] == 2 * 22
    assert device.open_handles == 0


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (vanishing(after=3), "streams/000.bin: SUBMIT: ENODEV (No such device). The NPU is gone"),
        (late(), "streams/000.bin: BO_WAIT: ETIME (Timer expired). The NPU was not done in time"),
        (refusing(SUBMIT, errno.EAGAIN), "SUBMIT: EAGAIN (Resource temporarily unavailable). The driver was busy"),
        (refusing(SUBMIT, errno.EOVERFLOW), "The stream reaches beyond a buffer"),
        (refusing(SUBMIT, errno.ENOENT), "The stream uses a region without a buffer"),
        (refusing(BO_CREATE, errno.ENOMEM), "Linux has no contiguous memory of that size left (CmaFree"),
        (refusing(CMDSTREAM_BO_CREATE, errno.EINVAL), "refuses streams/000.bin (CMDSTREAM_BO_CREATE: EINVAL"),
        (refusing(CMDSTREAM_BO_CREATE, errno.EPERM), "You may not use it: join the group"),
        (refusing(BO_MMAP_OFFSET, errno.EIO), "BO_MMAP_OFFSET: EIO"),
        (refusing(DEV_QUERY, errno.ENOTTY), "This is not the node of an NPU"),
        (refusing(OPEN, errno.EACCES), "/dev/accel/accel0: Permission denied. You may not use it: join the group"),
        (refusing(OPEN, errno.ENOENT), "No NPU with the driver 'ethosu': no /dev/accel/accel*. It needs Linux 6.19"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_an_errno_is_said_in_words_and_nothing_stays_behind(
    fault: Fault, words: str, addition: Path, tmp_path: Path, run: Runner
) -> None:
    device = _device(fault)
    report = tmp_path / "report.json"
    ran = run(addition, "--repeat", "5", "--timeout", "0.3", "--report", str(report), device=device)
    assert ran.code == 3
    assert words in ran.complained
    assert words in json.loads(report.read_text())["error"]
    assert device.open_files == 0
    assert device.open_handles == 0 or "is gone" in words


def test_a_kernel_that_refuses_is_named_with_those_that_accept(tmp_path: Path, run: Runner) -> None:
    device = _device(kernel="7.2.6")
    ran = run(write_bundle(KEYWORDS, tmp_path / "bundle"), device=device)
    assert ran.code == 3
    assert "refuses streams/000.bin (CMDSTREAM_BO_CREATE: EINVAL" in ran.complained
    assert "Known to accept it: 6.19, 7.0, 7.1.0 to 7.1.3, 7.2.7 and later, 7.3." in ran.complained
    assert device.calls[SUBMIT] == device.open_handles == 0


def test_another_npu_is_refused_before_anything_is_created(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mx42.toml").write_text(
        """title = "A made-up chip"
        [[cpu]]
        kind = { value = "Cortex-A35", source = "a device tree" }
        cores = { value = 2, unit = "cores", source = "a device tree" }
        [npu]
        name = { value = "An NPU", source = "a data sheet" }
        [stacks.teflon]
        driver = { value = "ethosu", source = "a device tree" }
        sram = { value = 16, unit = "KiB", source = "a device tree" }
        [device]
        node = { value = "/dev/accel/accel0", source = "a device tree" }
        id = { value = "0x10064000", source = "a device tree" }
        config = { value = "0x10000008", source = "a device tree" }
        """
    )
    monkeypatch.setenv("NPUFIT_CHIPS", str(tmp_path))
    bundle = write_bundle(KEYWORDS, tmp_path / "bundle")
    smaller, other = _device(chip="mx42"), _device(chip="rk3588", kernel=None)
    ran = run(bundle, device=smaller)
    assert ran.code == 3
    assert "needs 22,192 bytes of SRAM, and /dev/accel/accel0 has 16,384" in ran.complained
    ran = run(bundle, device=other)
    assert ran.code == 3
    assert "No NPU with the driver 'ethosu': /dev/accel/accel0 has the driver 'rocket'" in ran.complained
    change_manifest(bundle, lambda manifest: manifest["device"]["registers"][0].update(value=0x10000009))
    ran = run(bundle, device=smaller)
    assert "is another NPU than the bundle was compiled for, Ethos-U65 with 256" in ran.complained
    assert smaller.calls[BO_CREATE] == other.calls[BO_CREATE] == 0
    assert run(bundle, "--verify", "--any-npu").code == 0


def test_a_bundle_without_answers_runs_but_cannot_be_verified(addition: Path, run: Runner) -> None:
    files = [str(addition / f"verify/000/input_{place}.bin") for place in (0, 1)]
    change_manifest(addition, lambda manifest: manifest["verification"].update(cases=[]))
    given = [word for file in files for word in ("--input", file)]
    assert run(addition, *given).code == 0
    ran = run(addition, *given, "--verify")
    assert (ran.code, ran.said) == (2, "")
    assert "The bundle has no right answers to compare with" in ran.complained
    assert "The model has 2 inputs: give --input for " in run(addition).complained


def test_check_executes_nothing(tmp_path: Path, run: Runner) -> None:
    device = _device()
    ran = run(write_bundle(KEYWORDS, tmp_path / "bundle"), "--check", device=device)
    assert ran.code == 0
    assert ran.said.startswith("ok: kws_ref_model.tflite on /dev/accel/accel0: ")
    assert device.calls[CMDSTREAM_BO_CREATE] == 1
    assert device.calls[SUBMIT] == device.open_handles == 0


def test_a_difference_names_the_first_step_and_the_report_says_nothing_of_the_model(
    tmp_path: Path, run: Runner
) -> None:
    bundle = write_bundle(SHUFFLENET, tmp_path / "bundle")
    manifest = json.loads((bundle / "manifest.json").read_text())
    steps = manifest["verification"]["cases"][0]["steps"]
    number = next(number for number, known in enumerate(steps) if known and number > 10)
    for file in (steps[number][0]["file"], "verify/000/output_0.bin"):
        values = np.frombuffer((bundle / file).read_bytes(), np.uint8).copy()
        values[5:8] ^= 1
        change_file(bundle, file, values.tobytes())
    ran = run(bundle, "--verify", "--report", str(tmp_path / "report.json"))
    assert ran.code == 1
    assert ran.said.startswith("differs: 3 of 1,176 values in 1 case")
    assert f"first difference, in case 'random values of seed 0': step {number} (" in ran.said
    assert "3 of " in ran.said.splitlines()[1]
    assert "values, by up to 1 step" in ran.said.splitlines()[1]
    text = (tmp_path / "report.json").read_text()
    report = json.loads(text)
    assert report["verification"]["first"]["step"] == number
    assert report["device"] == {"driver": "ethosu", "id": 0x10064000, "config": 0x10000008, "sram_bytes": 98304}
    assert report["system"]["linux"]
    assert report["times"]["inferences"] == 1
    assert report["about"].startswith("What run.py saw")
    names = [manifest["model"]["name"], *(tensor["name"] for tensor in manifest["tensors"]), str(tmp_path)]
    assert not [name for name in names if name in text]


def test_inputs_come_from_files_in_order_or_by_name(addition: Path, tmp_path: Path, run: Runner) -> None:
    manifest = json.loads((addition / "manifest.json").read_text())
    tensors = [manifest["tensors"][number] for number in manifest["inputs"]]
    assert len(tensors) == 2
    for place, tensor in enumerate(tensors):
        values = np.fromfile(addition / f"verify/000/input_{place}.bin", np.int8).reshape(tensor["shape"])
        np.save(tmp_path / f"{place}.npy", values)
    first, second = f"{tensors[0]['name']}={tmp_path / '0.npy'}", str(addition / "verify/000/input_1.bin")
    out = tmp_path / "out"
    ran = run(addition, "--input", first, "--input", second, "--output", str(out), "--json", str(tmp_path / "json"))
    assert ran.code == 0
    assert np.load(out / "output_0.npy").tobytes() == (addition / "verify/000/output_0.bin").read_bytes()
    assert json.loads((tmp_path / "json").read_text())["times"]["NPU"]["steps"] == 1
    for wrong in ([first], [first, first], [first, str(tmp_path / "missing.npy")], [first, str(_RUN)]):
        ran = run(addition, *(word for source in wrong for word in ("--input", source)))
        assert ran.code == 2
        assert ran.complained.splitlines()[-1].startswith("error: ")


def test_what_cannot_be_written_is_named_and_a_closed_pipe_loses_no_report(
    addition: Path, tmp_path: Path, run: Runner
) -> None:
    ran = run(addition, "--report", str(tmp_path / "missing/report.json"))
    assert ran.code == 3
    assert f"error: {tmp_path}/missing/report.json: No such file or directory" in ran.complained
    report = tmp_path / "report.json"
    command = f"{sys.executable} {_RUN} --bundle {addition} --verify --report {report} | true"
    program = launch(["sh", "-c", command], _device())
    try:
        assert program.wait() == 0
    finally:
        program.close()
    assert json.loads(report.read_text())["verification"]["differing"] == 0
