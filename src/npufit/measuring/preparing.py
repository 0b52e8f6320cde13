"""What goes onto the board: a model as its stack runs it, and as the CPU alone does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from npufit.checking import CheckOptions, CheckResult, check
from npufit.cost import EstimateOptions
from npufit.errors import InputError, ToolError
from npufit.graph import Model
from npufit.stacks import PlaceOptions, Target
from npufit.stacks.vela import Compilation
from npufit.tflite import parse_model, serialize_model

_MANIFEST_OF_A_BUNDLE = "manifest.json"
_FILE_OF_THE_DELEGATE = "model_vela.tflite"


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """A model that is ready for the board.

    `for_npu` is the file that the delegate gets, None without a target and for a bundle, whose files by path are
    `bundle`; `on_npu` is the same as a graph, `ties` has the tensor of `model` for those of its tensors that are known,
    and `compilation` is what Vela said of it. `runs_on_cpu` is False for a file that only an NPU can run. `checked` has
    placement and prediction, None without a target. `notes` are sentences about how it was prepared.
    """

    model: Model
    for_cpu: bytes
    checked: CheckResult | None = None
    for_npu: bytes | None = None
    on_npu: Model | None = None
    compilation: Compilation | None = None
    ties: Mapping[int, int] = field(default_factory=dict[int, int])
    bundle: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    compiled_by: str = ""
    runs_on_cpu: bool = True
    notes: tuple[str, ...] = ()

    @property
    def compiled_sha256(self) -> str:
        """The digest of the file that the NPU runs, empty if it is the model's own."""
        if self.bundle:
            return hashlib.sha256(self.bundle[_MANIFEST_OF_A_BUNDLE]).hexdigest()
        return hashlib.sha256(self.for_npu).hexdigest() if self.for_npu not in (None, self.for_cpu) else ""


@dataclass(frozen=True, slots=True)
class _Order:
    """A model and its file, the target, and how it is placed and predicted.

    `may_replace` allows another release of Vela than that of the target. `has_delegate` is True if a delegate of the
    board runs the model.
    """

    model: Model
    content: bytes
    target: Target
    place: PlaceOptions
    estimate: EstimateOptions | None
    may_replace: bool
    has_delegate: bool

    def check(self, target: Target | None = None) -> CheckResult:
        return check(self.model, target or self.target, CheckOptions(place=self.place, estimate=self.estimate))


def prepare_for_cpu(model: Model, content: bytes) -> PreparedModel:
    """Return `model`, whose file has `content`, for a board whose NPU is not used.

    Raises InputError if it was compiled for an NPU.
    """
    if not _runs_on_cpu(model):
        raise InputError(
            f"{model.name}: this file is compiled for an NPU, and nothing on the board runs it. Give its source."
        )
    return PreparedModel(model, content)


def prepare_for(
    model: Model,
    content: bytes,
    target: Target,
    place: PlaceOptions,
    estimate: EstimateOptions | None = None,
    *,
    is_boards_own: bool = True,
    has_delegate: bool = False,
) -> PreparedModel:
    """Return `model`, whose file has `content`, as the stack of `target` runs it: compiled, bundled, or as it is.

    If the Vela of the board's BSP is not installed, npufit's own compiles and a note says so, unless the user named the
    target (`is_boards_own` is False). Raises InputError if the model cannot be run there, ToolError if a tool fails.
    """
    prepared = _BY_STACK[target.stack](_Order(model, content, target, place, estimate, is_boards_own, has_delegate))
    return replace(prepared, runs_on_cpu=_runs_on_cpu(model))


def _as_it_is(order: _Order) -> PreparedModel:
    return PreparedModel(order.model, order.content, order.check(), order.content, order.model)


def _compiled_by_vela(order: _Order) -> PreparedModel:
    from npufit.deploying import renamed
    from npufit.running import ties_by_label
    from npufit.stacks import compiling_stack
    from npufit.stacks.vela import is_precompiled, restore_names

    model = order.model
    if is_precompiled(model):
        return replace(_as_it_is(order), notes=("The file is already compiled, so it ran as it is.",))
    target, notes = _compilable(order)
    stack = compiling_stack(target)
    if stack is None:
        raise InputError(f"{target}: nothing is compiled for this target.")
    checked = order.check(target)
    compilation = stack.compile(model, target, order.place)
    compiled = parse_model(compilation.compiled, f"{model.name} compiled by Vela")
    named = renamed(compiled, lambda name: restore_names(name, model))
    vela = next((setting.value for setting in checked.placement.settings if setting.name == "vela"), "")
    return PreparedModel(
        model,
        order.content,
        checked,
        serialize_model(named),
        named,
        compilation,
        ties_by_label(compiled),
        compiled_by=f"Vela {vela}".strip(),
        notes=notes,
    )


def _compilable(order: _Order) -> tuple[Target, tuple[str, ...]]:
    """Return the target whose Vela compiles: the board's own if it is here, otherwise that of npufit, with a note."""
    from npufit.stacks.vela import NEWEST, find_compiler

    try:
        find_compiler(order.target.version, order.place.vela)
    except (InputError, ToolError) as missing:
        if not order.may_replace or order.place.vela is not None:
            raise
        return replace(order.target, version=NEWEST), (
            f"Vela {NEWEST} compiled the model, because {str(missing).rstrip('.')}.",
        )
    return order.target, ()


def _bundled(order: _Order) -> PreparedModel:
    from npufit.deploying import MANIFEST, DeployOptions, deploy, manifest_text

    options = DeployOptions(inputs=1, prove=False, delegate=order.has_delegate, place=order.place)
    found = deploy(order.model, order.target, options)
    files = {**found.bundle.files, MANIFEST: manifest_text(found.manifest).encode()}
    for_delegate = files.get(_FILE_OF_THE_DELEGATE)
    return PreparedModel(
        order.model,
        order.content,
        order.check(),
        for_npu=for_delegate,
        on_npu=None if for_delegate is None else parse_model(for_delegate, _FILE_OF_THE_DELEGATE),
        bundle={} if for_delegate is not None else files,
        compiled_by=f"Vela {found.manifest.made_by.vela}, npufit deploy",
        notes=found.warnings,
    )


def _converted(order: _Order) -> PreparedModel:
    from npufit.stacks.neutron import convert_for, is_converted

    if is_converted(order.model):
        return replace(_as_it_is(order), notes=("The file is already converted, so it ran as it is.",))
    conversion = convert_for(order.model, order.target.chip, order.place)
    if conversion is None:
        raise InputError(
            f"{order.model.name}: {order.target} runs converted files only. Give the file that NXP's neutron-converter "
            "wrote, or the converter's command line with --converter."
        )
    return PreparedModel(
        order.model,
        order.content,
        order.check(),
        serialize_model(conversion.model),
        conversion.model,
        compiled_by="neutron-converter",
    )


_BY_STACK: Mapping[str, Callable[[_Order], PreparedModel]] = {
    "teflon": _as_it_is,
    "vx": _as_it_is,
    "vela": _compiled_by_vela,
    "direct": _bundled,
    "neutron": _converted,
}


def _runs_on_cpu(model: Model) -> bool:
    """Return whether no operator of `model` stands for a call of an NPU."""
    from npufit.stacks.neutron import is_converted

    return not any(operator.is_npu_call for _, operator in model.operators()) and not is_converted(model)
