"""How long sweeps take: a thousand points of Teflon, and points of Vela beside the `vela` command on the same files."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import npufit
from npufit.sweeping import PointStatus, SweepOptions, sweep

WORKERS = 2
NETWORKS = (
    "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "inception_v1", "ssd_mobilenet_v1", "ssd_mobilenet_v2",
    "efficientnet_lite0", "resnet50_v2", "yolov8n", "deeplab_v3",
)  # fmt: skip
RELEASES = "imx93/teflon@25.3,26.0,26.1,26.2"
SIZES = "96:480:16"
"""25 sizes, with 10 networks and 4 releases a thousand points."""

COMPILED = ("mobilenet_v1", "mobilenet_v2", "efficientnet_lite0", "inception_v1")
COMPILED_SIZES = (128, 160, 176, 192, 208, 224, 240, 256, 272, 288)


def time_teflon(workers: int = WORKERS, executor: str | None = None) -> tuple[int, float]:
    """Return how many points a sweep for Teflon has, and its seconds, with the start of the workers."""
    options = SweepOptions((SIZES,), use_cache=False, cliff_step=0, workers=workers, executor=executor)
    return _time(NETWORKS, RELEASES, options)


def time_vela_points(workers: int = WORKERS) -> tuple[float, float]:
    """Return the seconds of a sweep that compiles every network of `COMPILED` at every size, and of processor time."""
    place = npufit.PlaceOptions(use_cache=False)
    options = SweepOptions(COMPILED_SIZES, use_cache=False, cliff_step=0, workers=workers, place=place)
    before = _processor_s()
    return _time(COMPILED, "imx93/vela", options)[1], _processor_s() - before


def time_vela_alone(folder: Path, command: Callable[[Path], Sequence[str]]) -> tuple[float, float]:
    """Return the same of the `vela` command on the same networks as files, as many at a time."""
    files = [_write(folder, *variant) for variant in product(COMPILED, COMPILED_SIZES)]

    def compile_file(file: Path) -> None:
        subprocess.run(command(file), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    start, before = time.perf_counter(), _processor_s()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(compile_file, files))
    return time.perf_counter() - start, _processor_s() - before


def _processor_s() -> float:
    """Return the processor time of this process and of all that it has started and that has ended."""
    return sum(os.times()[:4])


def _time(networks: Sequence[str], target: str, options: SweepOptions) -> tuple[int, float]:
    start = time.perf_counter()
    points = list(sweep([f"zoo:{name},int8" for name in networks], target, options))
    seconds = time.perf_counter() - start
    computed = [point for point in points if point.status is not PointStatus.OBSERVED]
    assert not [point for point in computed if point.status is PointStatus.FAILED]
    return len(computed), seconds


def _write(folder: Path, network: str, size: int) -> Path:
    file = folder / f"{network}_{size}.tflite"
    if not file.exists():
        npufit.save(npufit.load(f"zoo:{network}@{size},int8"), file)
    return file
