"""What a worker does: it loads the models once, and answers one image after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from npufit.errors import InputError, ToolError
from npufit.evaluating.boxes import Box, read_boxes
from npufit.evaluating.captures import unpacked_capture
from npufit.evaluating.changes import output_changes
from npufit.evaluating.rankings import Ranking, rank
from npufit.evaluating.reading import Reading, Task
from npufit.evaluating.records import PAIRS, ImageRecord, Side, Unreadable, to_text
from npufit.execution import (
    Array,
    ImageForm,
    Preparation,
    Values,
    Window,
    decode_image,
    describe,
    fit_image,
    image_values,
)
from npufit.graph import Model
from npufit.graph.arrays import dtype_of, real_values
from npufit.jobs import Blob
from npufit.running import CPU, OnCpu, OnNpu, RunOptions, prepare
from npufit.stacks import PlaceOptions
from npufit.tflite import parse_model

if TYPE_CHECKING:
    from npufit.vdevice import Library


@dataclass(frozen=True, slots=True)
class SideLibrary:
    """A real library by its path, which is the same on every machine that works, and by its content."""

    path: str
    python: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class SideSetup:
    """One side: its model, the input that takes the image, how its outputs are read, and what executes it.

    `place` is the target that `compiled` was compiled for, or whose NPU `library` finds. With neither of them nor a
    `capture` the reference kernels execute the model.
    """

    name: str
    model: Blob
    image: int
    form: ImageForm
    reading: Reading
    place: str = CPU
    compiled: Blob | None = None
    capture: Blob | None = None
    library: SideLibrary | None = None

    def is_executed_like(self, other: SideSetup) -> bool:
        """Return whether `other` has the same model and the same way of executing it."""
        return self._way() == other._way()

    def _way(self) -> tuple[object, ...]:
        return self.model, self.compiled, self.capture, self.library


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything but the image that a record depends on; `key` names it."""

    key: str
    sides: Mapping[Side, SideSetup]
    preparation: Preparation
    time_limit_s: float


@dataclass(frozen=True, slots=True)
class _Loaded:
    setup: SideSetup
    model: Model
    program: OnCpu | OnNpu


_loaded: dict[str, dict[Side, _Loaded]] = {}
"""The models of the last setup, by its key."""


def evaluate_image(setup: Setup, name: str, data: bytes) -> str:
    """Return the record of one image as JSON text.

    Raises InputError or ToolError if a model cannot be executed; an image that cannot be read is a record.
    """
    if setup.key not in _loaded:
        _loaded.clear()
        _loaded[setup.key] = {side: _load(entry, setup.time_limit_s) for side, entry in setup.sides.items()}
    try:
        shown = _Shown(name, data, setup.preparation)
    except InputError as error:
        return to_text(Unreadable(str(error)))
    return to_text(_record(_loaded[setup.key], shown))


def _load(setup: SideSetup, time_limit_s: float) -> _Loaded:
    model = parse_model(setup.model.data, setup.name)
    options = RunOptions(place=PlaceOptions(time_limit_s=time_limit_s))
    if setup.compiled is not None:
        compiled = parse_model(setup.compiled.data, f"{setup.name} compiled by Vela")
        program = prepare(compiled, setup.place, replace(options, original=model))
    elif setup.capture is not None:
        with unpacked_capture(setup.capture.data) as folder:
            program = prepare(model, folder, options)
    elif setup.library is not None:
        place = replace(options.place, library=_same_library(setup.library))
        program = prepare(model, setup.place, replace(options, place=place))
    else:
        program = prepare(model, CPU, options)
    return _Loaded(setup, model, program)


def _same_library(expected: SideLibrary) -> Library:
    """Return the library at its path. Raises ToolError if this machine has another one there."""
    from npufit.vdevice import Library, inspect_library

    library = Library(Path(expected.path), expected.python)
    if inspect_library(library).sha256 != expected.sha256:
        raise ToolError(f"{expected.path} is another library here than where the evaluation began. Copy it to all.")
    return library


class _Shown:
    """An image, decoded once, and fitted once to each form in which a model takes it."""

    def __init__(self, name: str, data: bytes, preparation: Preparation) -> None:
        self._image, self._preparation = decode_image(data, name), preparation
        self.width, self.height = self._image.size
        self._fitted: dict[ImageForm, tuple[Array, Window]] = {}

    def fit(self, form: ImageForm) -> tuple[Array, Window]:
        """Return the pixels that an input of this form sees, and which part of the image they are."""
        if form not in self._fitted:
            self._fitted[form] = fit_image(self._image, form, self._preparation.fitting)
        return self._fitted[form]

    def inputs(self, model: Model, image: int, form: ImageForm) -> dict[int, Array]:
        """Return the inputs of `model`: the image, and real zeros for all others."""
        others = {index: _zeros(model, index) for index in model.main.inputs if index != image}
        pixels, _ = self.fit(form)
        return {**others, image: image_values(model, image, pixels, form, self._preparation)}


def _zeros(model: Model, index: int) -> Array:
    tensor = model.main.tensors[index]
    dtype = dtype_of(tensor)
    if dtype is None or tensor.shape is None:
        raise InputError(f"{model.name}: input {index} has no known shape or type, so npufit cannot fill it.")
    return np.full(tensor.shape, 0 if tensor.element.is_float else tensor.quantization.zero_point, dtype)


def _record(sides: Mapping[Side, _Loaded], shown: _Shown) -> ImageRecord:
    outputs, reused = _run_all(sides, shown)
    rankings: dict[Side, Ranking] = {}
    boxes: dict[Side, tuple[Box, ...]] = {}
    for side, loaded in sides.items():
        setup = loaded.setup
        if setup.reading.task is Task.CLASSIFICATION:
            rankings[side] = rank(_scores(loaded.model, outputs[side]))
        elif setup.reading.task.is_detection:
            _, window = shown.fit(setup.form)
            boxes[side] = read_boxes(loaded.model, outputs[side], setup.reading, setup.form, window)
    changes = {
        pair: output_changes(
            [entry.model for entry in both],
            [outputs[side] for side in (pair.first, pair.second)],
            [entry.setup.reading for entry in both],
        )
        for pair in PAIRS
        if pair.first in sides and pair.second in sides
        for both in [(sides[pair.first], sides[pair.second])]
    }
    return ImageRecord(shown.width, shown.height, rankings, boxes, changes, _findings(sides), reused)


def _run_all(sides: Mapping[Side, _Loaded], shown: _Shown) -> tuple[dict[Side, Values], int]:
    """Return the outputs of each side, and how many runs of CPU operators the target took from the reference."""
    reference, target = sides[Side.REFERENCE], sides.get(Side.TARGET)
    is_same_model = target is not None and target.setup.model == reference.setup.model
    wanted: tuple[int, ...] = ()
    if target is not None and is_same_model and isinstance(target.program, OnNpu):
        wanted = target.program.runner.shared_tensors
    inputs = {side: shown.inputs(loaded.model, loaded.setup.image, loaded.setup.form) for side, loaded in sides.items()}
    results = _compute(reference.program, inputs[Side.REFERENCE], wanted)
    found: dict[Side, Values] = {}
    reused = 0
    for side, loaded in sides.items():
        if side is Side.REFERENCE or loaded.setup.is_executed_like(reference.setup):
            outputs = {index: results[index] for index in loaded.model.main.outputs if index in results}
        elif side is Side.TARGET and wanted and isinstance(loaded.program, OnNpu):
            outputs, reused = loaded.program.run_beside(inputs[side], results)
        else:
            outputs = loaded.program.run(inputs[side])
        _require_outputs(loaded, outputs)
        found[side] = _first_of_batch(loaded, outputs)
    return found, reused


def _compute(program: OnCpu | OnNpu, inputs: Values, wanted: tuple[int, ...]) -> Values:
    """Return the outputs by the reference kernels, and the tensors in `wanted`."""
    if not wanted or not isinstance(program, OnCpu) or program.left_out:
        return program.run(inputs)
    return program.partial.run(inputs, (*program.model.main.outputs, *wanted))


def _require_outputs(loaded: _Loaded, outputs: Values) -> None:
    """Raise InputError if the outputs that are read, or all, cannot be computed."""
    reading = loaded.setup.reading
    missing = [index for index in reading.outputs if index not in outputs]
    if missing and (reading.task is not Task.OUTPUTS or not outputs):
        why = describe(loaded.program.left_out) or "an operator before it cannot be executed"
        raise InputError(f"{loaded.model.name}: output {missing[0]} cannot be computed: {why}.")


def _first_of_batch(loaded: _Loaded, found: Values) -> Values:
    setup, model = loaded.setup, loaded.model
    batch = (model.main.tensors[setup.image].shape or (1,))[0]
    if batch == 1:
        return found
    return {index: array[:1] if array.shape[:1] == (batch,) else array for index, array in found.items()}


def _scores(model: Model, outputs: Values) -> Array:
    index = model.main.outputs[0]
    return real_values(outputs[index], model.main.tensors[index].quantization)


def _findings(sides: Mapping[Side, _Loaded]) -> int:
    program = sides[Side.TARGET].program if Side.TARGET in sides else None
    return len(program.runner.findings) if isinstance(program, OnNpu) else 0
