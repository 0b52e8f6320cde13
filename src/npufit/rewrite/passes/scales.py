"""per-tensor: weights that have a scale per channel get one scale for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from npufit.errors import InputError
from npufit.formatting import plural
from npufit.graph import NO_TENSOR, Buffer, Model, Quantization
from npufit.graph.arrays import Reals
from npufit.rewrite.context import Context
from npufit.rewrite.quantization import (
    WEIGHTED_OPERATORS,
    ChannelRanges,
    Layer,
    calibration_inputs,
    describe_calibration,
    equalize,
    find_pairs,
    has_plain_operands,
    observe_ranges,
    quantized_bias,
    real_bias,
    real_weights,
    set_bias,
)
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site, option
from npufit.rewrite.surgery import Editor

_LEAST_SCALE = float(np.float32(1e-8))
"""The scale of weights that are all zero: the bias uses it as its unit."""


@dataclass(frozen=True)
class PerTensor(Pass):
    """Weights with a scale per channel are requantized with one scale, and the bias with the resulting scale.

    On a target, only weights that it refuses; without one, all of them.

    1. The scale is that of the largest weight of all channels, so channels with small weights keep fewer steps. Zero
       points of weights are 0.
    2. With `equalize`, channels between two convolutions are scaled first, so that their weights become alike
       (cross-layer equalization; `npufit.rewrite.quantization.equalization`). A channel is scaled up only as far as
       `headroom` times its largest observed value fits into the range of its tensor, so that the clamp (the range, or
       RELU6) never acts on it. RELU6 does not commute with a factor, so channels that come near 6 stay unchanged.
    3. A channel whose weights are all zero is constant; any factor is valid for it, and it takes the one that suits the
       next operator best.
    4. With `correct`, the mean change from rounding the weights is subtracted from the bias (bias correction), using
       the mean of each input channel on the calibration inputs. Without a bias there is no correction.
    5. If a bias would not fit into 32 bits, the operator stays unchanged.

    Cases 2 and 4 look at tensor values: on the user's samples, or on seeded random inputs.
    """

    name: ClassVar[str] = "per-tensor"
    exactness: ClassVar[Exactness] = Exactness.APPROXIMATE
    summary: ClassVar[str] = "give per-channel weights one scale"
    cures: ClassVar[tuple[str, ...]] = (
        "ethosu.per-channel",
        "etnaviv.per-channel",
        "rocket.per-channel",
        "probed.quantization",
    )

    equalize: bool = option(True, "scale channels between convolutions first, so that their weights become alike")
    correct: bool = option(True, "subtract the mean error of the rounded weights from the bias")
    headroom: float = option(1.5, "how many times the largest observed value must fit into the range, at least 1")

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with per-tensor weights, None if there are none to change."""
        if not self.headroom >= 1.0:
            raise InputError(f"per-tensor: headroom is {self.headroom}, but must be at least 1.")
        editor = Editor(model)
        chosen = [index for index in _per_channel(model, context) if has_plain_operands(editor, editor.operator(index))]
        if not chosen:
            return None
        layers = {index: _layer(editor, index) for index in chosen}
        before = {index: _quality(layer, _quantized(layer.weights)) for index, layer in layers.items()}
        seen: Mapping[int, ChannelRanges] = {}
        notes: list[str] = []
        if self.equalize or self.correct:
            inputs = calibration_inputs(model, context.samples)
            seen = observe_ranges(model, inputs)
            notes.append(describe_calibration(inputs, context.samples))
        factors: Mapping[int, Reals] = {}
        if self.equalize:
            pairs = find_pairs(editor, layers, seen, self.headroom)
            factors = equalize(layers, pairs)  # cases 2 and 3
            kept = sum(int(pair.fixed.sum()) for pair in pairs)
            total = sum(pair.fixed.size for pair in pairs)
            notes.append(
                f"equalized {plural(len(pairs), 'pair')} of convolutions; {kept} of {total} channels unchanged"
            )
        table: list[tuple[float, str]] = []
        planned: list[tuple[int, _Planned]] = []
        for index, layer in layers.items():
            plan = _plan(editor, index, layer, self._means(editor, index, seen, factors))
            if plan is None:  # case 5
                if factors:
                    return replace(self, equalize=False).rewrite(model, context)
                continue
            planned.append((index, plan))
            line = _line(before[index], _quality(layer, plan.weights), is_equalized=self.equalize)
            quality = _quality(layer, plan.weights).whole
            table.append((quality, f"operator {index} ({layer.kind}): {line}"))
        for index, plan in planned:
            _write(editor, index, plan)
        if not planned:
            return None
        sites = tuple(Site(0, (index,), f"the weights of {layers[index].kind} get one scale") for index, _ in planned)
        notes += [line for _, line in sorted(table)]
        return Rewritten(editor.finish(), sites, tuple(notes))

    def _means(
        self, editor: Editor, index: int, seen: Mapping[int, ChannelRanges], factors: Mapping[int, Reals]
    ) -> Reals | None:
        """Return the current mean of each input channel of the operator at `index`, None for no correction."""
        operator = editor.operator(index)
        ifm = operator.inputs[WEIGHTED_OPERATORS[operator.type].ifm]
        if not self.correct or ifm not in seen:
            return None
        return seen[ifm].mean / factors.get(ifm, 1.0)


def _per_channel(model: Model, context: Context) -> list[int]:
    """Return the operators whose weights have several scales and, on a target, that it refuses for this reason."""
    wanted = range(len(model.main.operators)) if context.placement is None else context.refused_by(*PerTensor.cures)
    return [
        index
        for index, operator in enumerate(model.main.operators)
        if index in wanted
        and operator.type in WEIGHTED_OPERATORS
        and (tensor := operator.input(WEIGHTED_OPERATORS[operator.type].weights)) != NO_TENSOR
        and model.main.tensors[tensor].quantization.is_per_channel
    ]


def _layer(editor: Editor, index: int) -> Layer:
    operator = editor.operator(index)
    return Layer(operator.type, real_weights(editor, operator), real_bias(editor, operator))


@dataclass(frozen=True, slots=True)
class _Quantized:
    values: npt.NDArray[np.int8]
    scale: float


def _quantized(weights: Reals) -> _Quantized:
    """Return `weights` with one scale (case 1)."""
    scale = max(float(np.float32(np.abs(weights).max(initial=0.0) / 127)), _LEAST_SCALE)
    values = np.clip(np.rint(weights / scale), -127, 127)
    return _Quantized(values.astype(np.int8), scale)


@dataclass(frozen=True, slots=True)
class _Quality:
    """Signal-to-noise ratio of rounded weights in dB: of all, and of the worst channel; infinite without noise."""

    whole: float
    worst: float
    spread: float
    """The largest weight of a channel divided by that of the median channel."""


def _quality(layer: Layer, rounded: _Quantized) -> _Quality:
    axis = WEIGHTED_OPERATORS[layer.kind].channels
    channels = np.moveaxis(layer.weights, axis, 0).reshape(layer.weights.shape[axis], -1)
    held = np.moveaxis(rounded.values.astype(np.float64) * rounded.scale, axis, 0).reshape(channels.shape)
    signal, noise = (channels**2).sum(1), ((channels - held) ** 2).sum(1)
    ranges = np.abs(channels).max(1)
    middle = float(np.median(ranges[ranges > 0])) if (ranges > 0).any() else 0.0
    worst = min((_decibels(one, other) for one, other in zip(signal, noise, strict=True) if one), default=np.inf)
    spread = float(ranges.max()) / middle if middle else 1.0
    return _Quality(_decibels(float(signal.sum()), float(noise.sum())), worst, spread)


def _decibels(signal: float, noise: float) -> float:
    return 10.0 * float(np.log10(signal / noise)) if noise and signal else np.inf


def _line(before: _Quality, after: _Quality, *, is_equalized: bool) -> str:
    said = f"weights {after.whole:.1f} dB, worst channel {after.worst:.1f} dB, spread {after.spread:.1f}"
    if not is_equalized:
        return said
    return f"{said} (not equalized {before.whole:.1f} and {before.worst:.1f} dB, spread {before.spread:.1f})"


@dataclass(frozen=True, slots=True)
class _Planned:
    """The weights of an operator with one scale, and the bias (None without one) in units of `unit`."""

    weights: _Quantized
    bias: npt.NDArray[np.int32] | None
    unit: float


def _plan(editor: Editor, index: int, layer: Layer, means: Reals | None) -> _Planned | None:
    """Return the new form of the operator at `index`, None if its bias is too large for 32 bits.

    `means` of the input channels correct the bias (case 4).
    """
    operator = editor.operator(index)
    rounded = _quantized(layer.weights)
    unit = editor.tensor(operator.inputs[WEIGHTED_OPERATORS[operator.type].ifm]).quantization.scale * rounded.scale
    if layer.bias is None:
        return _Planned(rounded, None, unit)
    bias = layer.bias if means is None else layer.bias + _mean_error(layer, rounded, means)
    integers = quantized_bias(bias, np.array([unit]))
    return None if integers is None else _Planned(rounded, integers, unit)


def _write(editor: Editor, index: int, plan: _Planned) -> None:
    operator = editor.operator(index)
    place = WEIGHTED_OPERATORS[operator.type].weights
    old = editor.tensor(operator.inputs[place])
    quantization = Quantization((plan.weights.scale,), (0,))
    inputs = list(operator.inputs)
    inputs[place] = editor.add_tensor(
        replace(old, quantization=quantization, buffer=Buffer(plan.weights.values.tobytes()))
    )
    editor.replace(index, replace(operator, inputs=tuple(inputs)))
    if plan.bias is not None:
        set_bias(editor, index, plan.bias, [plan.unit])


def _mean_error(layer: Layer, rounded: _Quantized, means: Reals) -> Reals:
    """Return the average change of each output channel by rounding; padding counts as data."""
    lost: Reals = layer.weights - rounded.values.astype(np.float64) * rounded.scale
    if layer.kind == "DEPTHWISE_CONV_2D":
        kernels: Reals = np.sum(lost, axis=(0, 1, 2))
        return kernels * np.repeat(means, kernels.size // means.size)
    if layer.kind == "CONV_2D" and lost.shape[3] == means.size:
        return np.sum(np.sum(lost, axis=(1, 2)) * means, axis=1)
    if layer.kind == "FULLY_CONNECTED" and lost.shape[1] == means.size:
        return np.sum(lost * means, axis=1)
    # Grouped and transposed convolutions are not corrected.
    return np.zeros_like(layer.output_ranges())
