"""The experiments that are possible with a model, whether they tell anything or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npufit.graph import Model
from npufit.probing.explaining import variants
from npufit.probing.explaining.experiment import Experiment, ExperimentKind
from npufit.rewrite.resolution import Size
from npufit.stacks.neutron.hypotheses import SeenConversion, SourceNetwork

_MOST_ALONE = 12
_LARGER = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """The network to be explained, and the conversions that were seen."""

    network: SourceNetwork
    seen: tuple[SeenConversion, ...]

    @property
    def was_converted(self) -> bool:
        """True if the conversion of the network itself was seen."""
        return any(entry.network.is_same(self.network) for entry in self.seen)

    def variant(self, model: Model, what: str) -> SourceNetwork:
        """Return a variant of the network."""
        return self.network.variant(model, f"{self.network.name} {what}")


def propose(subject: Subject) -> Iterator[Experiment]:
    """Yield every experiment on `subject`, each with the models that it needs."""
    network, model = subject.network, subject.network.model
    if not subject.was_converted:
        yield Experiment(ExperimentKind.AS_IT_IS, "convert the file and keep the log", (network,))
    yield Experiment(
        ExperimentKind.OTHER_RELEASE,
        "convert the same file with another release of the converter",
        (network,),
    )
    folded = variants.without_pads(model)
    if folded is not None:
        yield Experiment(
            ExperimentKind.WITHOUT_PADS,
            "convert the file without PADs (`npufit fit --only fold-pad`, or an export with TensorFlow 2.18 or later)",
            (subject.variant(folded, "without PADs"),),
        )
    yield from _sizes(subject)
    for first in variants.stages(model):
        part = subject.variant(variants.later_part(model, first), f"from operator {first} on")
        yield Experiment(
            ExperimentKind.LATER_PART, f"convert the part from operator {first} on, without what is before", (part,)
        )
    yield from _alone(subject)
    yield from _tall_and_wide(subject)
    added = variants.without_additions(model)
    if added is not None:
        yield Experiment(
            ExperimentKind.WITHOUT_ADDS,
            "convert the network without its ADDs (its answer is of no use)",
            (subject.variant(added, "without ADDs"),),
        )
    yield Experiment(
        ExperimentKind.OTHER_SOLVER,
        "convert the same file with --optimization-level OOpt (or OFast, if that was used)",
        (network,),
    )


def _sizes(subject: Subject) -> Iterator[Experiment]:
    """Yield other sizes: between the largest that works and the smallest that does not."""
    size = variants.own_size(subject.network.model)
    if size is None:
        return
    for other in _between(subject, size):
        model = variants.resized(subject.network.model, other)
        if model is not None:
            name = f"at {other[0]}x{other[1]}"
            yield Experiment(
                ExperimentKind.OTHER_SIZE,
                f"convert the network {name} (`npufit resize`)",
                (subject.variant(model, name),),
            )


def _between(subject: Subject, size: Size) -> Iterator[Size]:
    types = subject.network.types
    complete, lossy = list[Size](), list[Size]()
    for entry in subject.seen:
        own = variants.own_size(entry.network.model)
        if own is not None and entry.network.types == types:
            (complete if entry.is_complete else lossy).append(own)
    if not subject.was_converted:
        lossy.append(size)
    works = max(complete, default=(size[0] // _LARGER, size[1] // _LARGER))
    beyond = [other for other in lossy if other > works]
    fails = min(beyond, default=(works[0] * _LARGER, works[1] * _LARGER))
    return variants.sizes_between(works, fails)


def _alone(subject: Subject) -> Iterator[Experiment]:
    """Yield single operators: of each kind and shape the first, the largest of them first."""
    network = subject.network
    sizes = network.values("io_bytes")
    different: dict[object, int] = {}
    for index in sorted(network.expected):
        different.setdefault((network.type_of(index), sizes[index], network.values("w*c")[index]), index)
    chosen: dict[int, None] = {}
    for quantity in ("io_bytes", "w*c"):
        values = network.values(quantity)
        ordered = sorted(different.values(), key=lambda index: -(values[index] or 0))
        chosen |= dict.fromkeys(ordered[: _MOST_ALONE // 2])
    for index in chosen:
        name = f"operator {index} ({network.type_of(index)}) alone"
        yield Experiment(
            ExperimentKind.ALONE, f"convert {name}", (subject.variant(variants.alone(network.model, index), name),)
        )


def _tall_and_wide(subject: Subject) -> Iterator[Experiment]:
    size = variants.own_size(subject.network.model)
    if size is None or size[0] % 2 or size[1] % 2:
        return
    for kind, other in (
        (ExperimentKind.TALL, (size[0] * 2, size[1] // 2)),
        (ExperimentKind.WIDE, (size[0] // 2, size[1] * 2)),
    ):
        model = variants.resized(subject.network.model, other)
        if model is not None:
            name = f"at {other[0]}x{other[1]}"
            network = subject.variant(model, name)
            yield Experiment(
                kind, f"convert a {kind} input of equal area, {other[0]}x{other[1]} (`npufit resize`)", (network,)
            )
