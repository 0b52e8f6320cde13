"""Runs a program on a virtual NPU."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InputError, NpufitError
from npufit.ethosu import KernelVersion
from npufit.hosting.device import device_for
from npufit.hosting.signals import signals_passed_on
from npufit.vdevice import Activity, HostedProgram, Refusal, launch


@dataclass(frozen=True, slots=True)
class HostOptions:
    """`kernel` is a Linux release such as 7.3 whose driver decides on command streams; None accepts all that can run.

    `capture_to` is a folder for what the first inference submits. `environment` is what the program gets instead of
    this process's.
    """

    kernel: str | None = None
    capture_to: Path | None = None
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class HostResult:
    """What a program did on the device.

    `code` is its exit code, or -N if signal N ended it. `simulated_seconds` are part of `seconds`. `failure` says why
    the device could not go on; the program was killed then.
    """

    command: tuple[str, ...]
    chip: str
    driver: str
    node: str
    kernel: KernelVersion | None
    code: int
    seconds: float
    opened: int
    submissions: int
    streams: int
    simulated_seconds: float
    findings: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    doubts: tuple[Refusal, ...]
    failure: NpufitError | None
    captured: int | None
    """How many submissions were written to `HostOptions.capture_to`; None without it."""

    @property
    def exit_code(self) -> int:
        """The program's exit code as a shell shows it: 128 + N if signal N ended it."""
        return 128 - self.code if self.code < 0 else self.code


def host(command: Sequence[str], target: str, options: HostOptions | None = None) -> HostResult:
    """Return what `command` did, after it has run with the NPU of `target` at the node of its Linux driver.

    Its standard streams, terminal and signals are those of this process. Raises InputError for a wrong target or kernel
    and ToolError if the program cannot be executed, or this machine cannot host programs.
    """
    given = options or HostOptions()
    if not command:
        raise InputError(f"Name a program to run: npufit vnpu -t {target} -- PROGRAM")
    running: list[HostedProgram] = []

    def stop(_error: NpufitError) -> None:
        for program in running:
            program.kill()

    activity = Activity(stop)
    found = device_for(target, activity, given.kernel, given.capture_to)
    begin = time.perf_counter()
    early: list[int] = []

    def send(number: int) -> None:
        # From its first moment on, which is before `launch` returns, signals are the program's.
        if running:
            running[0].send_signal(number)
        else:
            early.append(number)

    with ExitStack() as stack:
        with signals_passed_on(send):
            program = launch(command, found.device, given.environment)
            stack.callback(program.close)
            running.append(program)
            for number in early:
                program.send_signal(number)
            if activity.failure is not None:  # before it could be stopped
                program.kill()
            code = program.wait()
        program.wait_for_rest()
    return HostResult(
        command=tuple(command),
        chip=found.chip,
        driver=found.device.driver,
        node=found.device.node,
        kernel=found.kernel,
        code=code,
        seconds=time.perf_counter() - begin,
        opened=program.opened,
        submissions=activity.submissions,
        streams=activity.streams,
        simulated_seconds=activity.seconds,
        findings=activity.findings,
        refusals=activity.refusals,
        doubts=activity.doubts,
        failure=activity.failure,
        captured=None if found.capture is None else found.capture.count,
    )
