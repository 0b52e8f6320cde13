"""The manifest of a bundle: what a board needs to know, and the one truth that runners and the proof follow.

The fields are those of the JSON, in its order. A field with a default is omitted while it has that value.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar, Literal, cast

from npufit.formatting import clean

MANIFEST = "manifest.json"
MANIFEST_VERSION: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class _Entry:
    """The base of every JSON object of the manifest; its fields are described by their docstrings."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"use_attribute_docstrings": True}


@dataclass(frozen=True, slots=True)
class MadeBy(_Entry):
    """What made the bundle: npufit, Vela, and Vela's settings by name."""

    npufit: str
    vela: str
    settings: dict[str, str]


@dataclass(frozen=True, slots=True)
class SourceModel(_Entry):
    """The model that was deployed."""

    name: str
    sha256: str
    """of the model's file"""


@dataclass(frozen=True, slots=True)
class Register(_Entry):
    """A register that the driver's DEV_QUERY returns: the bits of `mask` must have `value`."""

    name: Literal["config", "id"]
    mask: int
    value: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Device(_Entry):
    """What the board must have."""

    driver: str
    """the name that DRM_IOCTL_VERSION returns"""
    registers: tuple[Register, ...]
    sram_bytes: int
    """the most that any step needs"""


@dataclass(frozen=True, slots=True)
class KernelRange(_Entry):
    """The verdict of some point releases of one series of Linux on all streams together."""

    series: str
    first: int = field(metadata={"alias": "from"})
    """the first point release"""
    to: int | None
    """the last point release; null: all later ones"""
    verdict: Literal["accepted", "refused", "unknown"]
    errno: str | None = None
    """what user space gets, if the streams are refused"""
    why: str | None = None
    """the driver's check in words, if the streams are or may be refused"""


@dataclass(frozen=True, slots=True)
class FileEntry(_Entry):
    """One file of the bundle, by its path relative to the manifest, with `/`."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Buffer(_Entry):
    """Memory that is created once for a loaded bundle, and that all steps share."""

    name: str
    bytes: int
    file: str | None = None
    """its content from the beginning, at most `bytes` long; without one it begins as zeros"""


@dataclass(frozen=True, slots=True)
class BundleTensor(_Entry):
    """A tensor that crosses a step's boundary. real = scale * (integer - zero_point)."""

    name: str
    type: str
    shape: tuple[int, ...]
    bytes: int
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    file: str | None
    """its value, if it is constant: little endian, in C order"""


@dataclass(frozen=True, slots=True)
class Place(_Entry):
    """Where a tensor lies: it is copied there before a step, or from there after it."""

    tensor: int
    buffer: int
    offset: int


@dataclass(frozen=True, slots=True)
class State(_Entry):
    """What the network keeps from one inference to the next, written when the bundle is loaded or reset."""

    tensor: int
    buffer: int
    offset: int
    file: str
    """its initial value"""


@dataclass(frozen=True, slots=True)
class Region(_Entry):
    """The buffer that a stream finds as one of its regions."""

    region: int
    buffer: int


@dataclass(frozen=True, slots=True)
class NpuStep(_Entry):
    """A call of the NPU."""

    kind: Literal["npu"]
    stream: str
    """the file that CMDSTREAM_BO_CREATE takes, unchanged"""
    sram_bytes: int
    """the job's sram_size; 0 if the stream does not use region 2"""
    regions: tuple[Region, ...]
    """only those that the stream uses: the driver refuses a buffer for another one"""
    inputs: tuple[Place, ...]
    """copied in before the call"""
    outputs: tuple[Place, ...]
    """copied out after the call: what CPU steps read, and outputs of the model"""


@dataclass(frozen=True, slots=True)
class CpuStep(_Entry):
    """Operators that stay on the CPU, as a model of their own."""

    kind: Literal["cpu"]
    file: str
    inputs: tuple[int, ...]
    """tensors in the order of the file's inputs"""
    outputs: tuple[int, ...]
    """tensors in the order of the file's outputs"""


Step = NpuStep | CpuStep


@dataclass(frozen=True, slots=True)
class StepValue(_Entry):
    """What a step must have computed."""

    tensor: int
    file: str


@dataclass(frozen=True, slots=True)
class Case(_Entry):
    """One inference from the initial state, with the right answer: one file for each input and output of the model."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    steps: tuple[tuple[StepValue, ...], ...]
    """for each step what is known of its results; empty where nothing is"""


@dataclass(frozen=True, slots=True)
class Verification(_Entry):
    """Right answers, to compare the board's with byte for byte."""

    golden: str
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Manifest(_Entry):
    """A whole bundle. Unknown keys are to be ignored, and a higher version is to be refused."""

    npufit_direct: Literal[1]
    """the version of this format"""
    made_by: MadeBy
    model: SourceModel
    target: str
    status: str
    """what was tried, and what was not, in a sentence"""
    device: Device
    kernels: tuple[KernelRange, ...]
    """by series, from the oldest to the newest that npufit knows"""
    files: tuple[FileEntry, ...]
    """every file of the bundle except this one"""
    buffers: tuple[Buffer, ...]
    tensors: tuple[BundleTensor, ...]
    inputs: tuple[int, ...]
    """tensors in the order of the model's inputs"""
    outputs: tuple[int, ...]
    """tensors in the order of the model's outputs"""
    steps: tuple[Step, ...]
    """in the order in which they run"""
    verification: Verification
    state: tuple[State, ...] = ()


def manifest_text(manifest: Manifest) -> str:
    """Return the manifest as JSON."""
    return json.dumps(_plain(manifest), indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple):
        return [_plain(entry) for entry in cast("Sequence[Any]", value)]
    if isinstance(value, dict):
        return {_plain(key): _plain(entry) for key, entry in cast("dict[Any, Any]", value).items()}
    if is_dataclass(value):
        found = ((entry, getattr(value, entry.name)) for entry in fields(value))
        return {
            entry.metadata.get("alias", entry.name): _plain(content)
            for entry, content in found
            if content is not entry.default
        }
    return value
