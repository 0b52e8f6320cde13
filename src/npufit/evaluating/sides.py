"""Who answers: the model in the reference kernels, what the target would answer, and the floating-point original."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from npufit.errors import InputError
from npufit.ethosu import read_programs
from npufit.evaluating.captures import pack_capture
from npufit.evaluating.options import EvaluateOptions
from npufit.evaluating.reading import Reading, Task, read_task
from npufit.evaluating.records import PAIRS, Pair, Side
from npufit.evaluating.worker import SideLibrary, SideSetup
from npufit.execution import GOLDEN, KernelRefusalError, Stage, image_form, read_capture
from npufit.formatting import plural
from npufit.graph import Model
from npufit.jobs import Blob
from npufit.loading import load
from npufit.running import OnNpu, RunOptions, prepare
from npufit.stacks import Target, compiling_stack, resolve_target
from npufit.stacks.vela import is_precompiled
from npufit.tflite import parse_model, serialize_model

if TYPE_CHECKING:
    from npufit.stacks import Compiles
    from npufit.vdevice import Library


@dataclass(frozen=True, slots=True)
class Contest:
    """Who answers and how it is read: a setup and a name for each side, and the compared pairs, the main one first."""

    model: Model
    place: str
    setups: dict[Side, SideSetup]
    names: dict[Side, str]
    npu_calls: int | None
    notes: tuple[str, ...]

    @property
    def reading(self) -> Reading:
        """How the answers of the model are read."""
        return self.setups[Side.REFERENCE].reading

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The pairs whose two sides answer."""
        return tuple(pair for pair in PAIRS if pair.first in self.setups and pair.second in self.setups)


def set_up(model: Model, target: Target | str | None, options: EvaluateOptions) -> Contest:
    """Return who answers for `model`; what the target needs is compiled or read here, once.

    Raises InputError if the target's answer cannot be computed or a model takes no image, ToolError if Vela fails.
    """
    if is_precompiled(model):
        raise InputError(
            f"{model.name} is already compiled, so the reference kernels cannot execute it. Give its source as MODEL "
            f"and the compiled file with --fitted."
        )
    task = None if options.task is None else Task(options.task)
    image = _image_input(model)
    reading = read_task(model, image, task)
    names = {Side.REFERENCE: GOLDEN}
    setups = {Side.REFERENCE: _plain(model, reading)}
    notes = [*_other_inputs(model, image), *_batch(model, image)]
    place = options.place
    chosen = resolve_target(target, place.vela, place.library) if isinstance(target, str) else target
    name, npu_calls = GOLDEN, None
    if chosen is not None or options.fitted is not None or options.capture is not None:
        name, setups[Side.TARGET], npu_calls = _target(model, chosen, reading, options)
        names[Side.TARGET] = name
    if options.original is not None:
        original = load(options.original)
        setups[Side.ORIGINAL] = _plain(original, read_task(original, _image_input(original), reading.task))
        names[Side.ORIGINAL] = f"{original.name} in {GOLDEN}"
    return Contest(model, name, setups, names, npu_calls, tuple(notes))


def _target(
    model: Model, target: Target | None, reading: Reading, options: EvaluateOptions
) -> tuple[str, SideSetup, int | None]:
    """Return the name of the target's side, its setup, and its calls of the NPU, None if no NPU is executed."""
    fitted = None if options.fitted is None else load(options.fitted)
    own = model if fitted is None or is_precompiled(fitted) else fitted
    setup = _plain(own, reading if own is model else read_task(own, _image_input(own), reading.task))
    suffix = "" if fitted is None else f", {fitted.name}"
    stack = None if target is None else compiling_stack(target)
    if options.place.library is not None:
        return _in_library(own, target, options.place.library, setup, suffix, options)
    if options.capture is not None:
        if fitted is not None and own is model:
            raise InputError("--capture and a compiled --fitted file are two answers of a target. Give one of them.")
        partitions = read_capture(options.capture, own)
        capture = Blob(pack_capture(options.capture))
        place = f"capture {options.capture.resolve().name}{suffix}"
        return place, replace(setup, place=place, capture=capture), len(partitions)
    if fitted is not None and own is model:
        if target is None or stack is None:
            raise InputError(f"{fitted.name} was compiled by Vela: name its chip with -t, such as imx93/vela.")
        _require_accepted(stack, fitted, target)
        return (
            f"{target}{suffix}",
            replace(setup, place=str(target), compiled=Blob(serialize_model(fitted))),
            _calls(fitted),
        )
    if target is not None and stack is not None:
        options.progress(Stage.COMPILE)
        compiled = stack.compile(own, target, options.place).compiled
        file = parse_model(compiled, f"{own.name} compiled by Vela")
        calls = _calls(file)
        if not calls:  # every operator stays on the CPU
            return f"{target}{suffix}", setup, 0
        _require_accepted(stack, file, target)
        return f"{target}{suffix}", replace(setup, place=str(target), compiled=Blob(compiled)), calls
    if fitted is not None:
        place = f"{target}, if it computes {fitted.name} exactly," if target else f"{fitted.name} in {GOLDEN}"
        return place, setup, None
    raise InputError(
        f"{target}: npufit cannot compute what this stack answers. Give one of these instead: a build of Mesa's "
        "libteflon.so for imx93/teflon (--library FILE), what its driver submitted on the board (--capture FOLDER), a "
        "file that npufit fit wrote for it (--fitted FILE, executed by the reference kernels), or a target of the "
        "stack vela."
    )


def _in_library(
    model: Model, target: Target | None, library: Library, setup: SideSetup, suffix: str, options: EvaluateOptions
) -> tuple[str, SideSetup, int]:
    """Return the target's side if a real library answers; it is loaded once here, so that a crash ends it at once."""
    if target is None or options.capture is not None:
        raise InputError("--library needs a target of the stack teflon (-t imx93/teflon), and no --capture.")
    loaded = prepare(model, target, RunOptions(place=options.place, progress=options.progress))
    assert isinstance(loaded, OnNpu)
    assert loaded.library is not None
    found = SideLibrary(str(library.path.resolve()), library.python, loaded.library.sha256)
    return f"{loaded.place}{suffix}", replace(setup, place=str(target), library=found), loaded.runner.partitions


def _require_accepted(stack: Compiles, compiled: Model, target: Target) -> None:
    """Raise KernelRefusalError if the driver of `target` refuses a stream of a compiled file."""
    refusal = stack.judge(read_programs(compiled), target).refusal
    if refusal:
        raise KernelRefusalError(f"{target}: {refusal}")


def _plain(model: Model, reading: Reading) -> SideSetup:
    """Return a side that the reference kernels execute."""
    image = _image_input(model)
    form = image_form(model.main.tensors[image])
    assert form is not None
    return SideSetup(model.name, Blob(serialize_model(model)), image, form, reading)


def _image_input(model: Model) -> int:
    """Return the input that takes the image: the only one, or the largest of several. Raises InputError."""
    forms = {index: image_form(model.main.tensors[index]) for index in model.main.inputs}
    found = [index for index, form in forms.items() if form is not None]
    if not found:
        shapes = ", ".join("x".join(map(str, model.main.tensors[index].shape or ())) for index in model.main.inputs)
        raise InputError(
            f"{model.name}: no input takes an image; their shapes are {shapes}. Evaluating needs 1 x height x width x "
            "1, 3 or 4 channels; npufit run --compare takes other inputs."
        )
    return max(found, key=lambda index: model.main.tensors[index].element_count or 0)


def _other_inputs(model: Model, image: int) -> list[str]:
    others = [index for index in model.main.inputs if index != image]
    return [f"{plural(len(others), 'other input')} of the model got zeros"] if others else []


def _batch(model: Model, image: int) -> list[str]:
    batch = (model.main.tensors[image].shape or (1,))[0]
    return [f"the batch of {batch} was filled with {batch} copies of each image; the first answer counts"][: batch > 1]


def _calls(model: Model) -> int:
    return sum(operator.is_npu_call for operator in model.main.operators)
