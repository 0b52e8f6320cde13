"""The experiments that are possible with a model, whether they tell anything or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from npufit.graph import Model
from npufit.probing.explaining import variants
from npufit.probing.explaining.experiment import Experiment, ExperimentKind
from npufit.rewrite.resolution import Size
from npufit.stacks.neutron.hypotheses import SeenConversion, SourceNetwork

_MOST_ALONE = 12
_LARGER = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """The network to be explained, the conversions that were seen, and the variants that were made before, by name."""

    network: SourceNetwork
    seen: tuple[SeenConversion, ...]
    made: dict[str, SourceNetwork | None] = field(default_factory=dict[str, SourceNetwork | None])

    @property
    def was_converted(self) -> bool:
        """True if the conversion of the network itself was seen."""
        return any(entry.network.is_same(self.network) for entry in self.seen)

    def vary(
        self, kind: ExperimentKind, action: str, what: str, make: Callable[[], Model | None]
    ) -> Iterator[Experiment]:
        """Yield an experiment with the variant that `make` makes, if it can; `what` follows the network's name."""
        if what not in self.made:
            model = make()
            self.made[what] = None if model is None else self.network.variant(model, f"{self.network.name} {what}")
        variant = self.made[what]
        if variant is not None:
            yield Experiment(kind, action, (variant.refusing_like(self.network),))


def propose(subject: Subject) -> Iterator[Experiment]:
    """Yield every experiment on `subject`, each with the models that it needs."""
    network, model = subject.network, subject.network.model
    if not subject.was_converted:
        yield Experiment(ExperimentKind.AS_IT_IS, "convert the file and keep the log", (network,))
    yield Experiment(
        ExperimentKind.OTHER_RELEASE, "convert the same file with another release of the converter", (network,)
    )
    yield from subject.vary(
        ExperimentKind.WITHOUT_PADS,
        "convert the file without PADs (`npufit fit --only fold-pad`, or an export with TensorFlow 2.18 or later)",
        "without PADs",
        partial(variants.without_pads, model),
    )
    yield from _sizes(subject)
    for first in variants.stages(model):
        yield from subject.vary(
            ExperimentKind.LATER_PART,
            f"convert the part from operator {first} on, without what is before",
            f"from operator {first} on",
            partial(variants.later_part, model, first),
        )
    yield from _alone(subject)
    yield from _tall_and_wide(subject)
    yield from subject.vary(
        ExperimentKind.WITHOUT_ADDS,
        "convert the network without its ADDs (its answer is of no use)",
        "without ADDs",
        partial(variants.without_additions, model),
    )
    yield Experiment(
        ExperimentKind.OTHER_SOLVER,
        "convert the same file with --optimization-level OOpt (or OFast, if that was used)",
        (network,),
    )


def _sizes(subject: Subject) -> Iterator[Experiment]:
    """Yield other sizes: between the largest that works and the smallest that does not."""
    model = subject.network.model
    size = variants.own_size(model)
    if size is None:
        return
    for other in _between(subject, size):
        name = f"at {other[0]}x{other[1]}"
        yield from subject.vary(
            ExperimentKind.OTHER_SIZE,
            f"convert the network {name} (`npufit resize`)",
            name,
            partial(variants.resized, model, other),
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
        yield from subject.vary(
            ExperimentKind.ALONE, f"convert {name}", name, partial(variants.alone, network.model, index)
        )


def _tall_and_wide(subject: Subject) -> Iterator[Experiment]:
    model = subject.network.model
    size = variants.own_size(model)
    if size is None or size[0] % 2 or size[1] % 2:
        return
    for kind, (height, width) in (
        (ExperimentKind.TALL, (size[0] * 2, size[1] // 2)),
        (ExperimentKind.WIDE, (size[0] // 2, size[1] * 2)),
    ):
        yield from subject.vary(
            kind,
            f"convert a {kind} input of equal area, {height}x{width} (`npufit resize`)",
            f"at {height}x{width}",
            partial(variants.resized, model, (height, width)),
        )
