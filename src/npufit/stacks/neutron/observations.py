"""What was publicly observed about networks like this one, as notes. No verdict is based on them."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.graph import Model, Operator, Subgraph
from npufit.stacks.neutron import sources
from npufit.stacks.neutron.experiments import cliff_notes
from npufit.stacks.neutron.networks import Network, Recognition, recognise
from npufit.stacks.neutron.versions import Release
from npufit.stacks.placement import Note, NpuCount, Report
from npufit.stacks.rule import Evidence


@dataclass(frozen=True, slots=True)
class Observation:
    """One public report about a network; `size` is None if it holds for any size.

    `converted` of `total` operators went to the NPU with the release `version`; `near_output` if they were the last.
    """

    networks: tuple[Network, ...]
    size: int | None
    text: str
    source: str
    version: str = ""
    converted: int = 0
    total: int = 0
    near_output: bool = False


_YOLO_V8 = (Network.YOLO_V8N, Network.YOLO_V8S, Network.YOLO_V8M, Network.YOLO_V8L, Network.YOLO_V8X)

OBSERVATIONS: tuple[Observation, ...] = (
    Observation(
        (Network.KERAS_MOBILENET_V2,),
        224,
        "converter: 82 of 88 operators; NPU 3.17 ms, CPU 37.21 ms (eIQ Toolkit 1.16.0, INT8 per channel)",
        sources.TORADEX_RESOLUTION,
        version="1.16",
        converted=82,
        total=88,
    ),
    Observation(
        (Network.KERAS_MOBILENET_V2,),
        320,
        "converter: 22 of 88 operators, those near the output; NPU run 87.38 ms, CPU 76.08 ms (eIQ Toolkit 1.16.0, "
        "INT8 per channel)",
        sources.TORADEX_RESOLUTION,
        version="1.16",
        converted=22,
        total=88,
        near_output=True,
    ),
    Observation(
        (Network.KERAS_MOBILENET_V2,),
        224,
        "conversion on the board by an older delegate: 66 of 69 nodes, then `internal fault code=442` at the first run",
        sources.TORADEX_FAULT,
    ),
    Observation(
        (Network.RESNET50_V2,),
        None,
        "loses most operators at 320x320, like MobileNetV2 (eIQ Toolkit 1.16.0); the same report mentions 121 of 127 "
        "without saying what they count, perhaps this network at 224x224",
        sources.TORADEX_RESOLUTION,
    ),
    Observation(
        (Network.MOBILENET_V1,),
        224,
        "1.2 ms on the NPU, 29 ms on the CPU (LF 6.12.49, SDK 25_12)",
        sources.USER_LATENCY,
    ),
    Observation((Network.MOBILENET_V1,), 224, "about 1.7 ms, 590 inferences per second", sources.MEDIA_TEST),
    Observation(
        (Network.SSD_MOBILENET_V2,),
        300,
        "NXP's own examples enable it on the NPU of i.MX95 and i.MX952; the number of converted operators is not "
        "published",
        sources.NNSTREAMER,
    ),
    Observation(
        (Network.KERAS_MOBILENET_V2, Network.MOBILENET_V2),
        None,
        "as backbone of SSD MobileNetV2 at 300x300 it is enabled on the NPU by NXP's own examples, so some release "
        "converts it above 224x224; the number of operators is not published",
        sources.NNSTREAMER,
    ),
    Observation(
        _YOLO_V8,
        640,
        "one NeutronGraph and 32 or 33 operators on the CPU (SDK 3.1.3)",
        sources.BOARD_NOTES,
    ),
    *(
        Observation((network,), 640, f"{latency} ms converted like this (SDK 3.1.3, driver 3.1.2)", sources.BOARD_NOTES)
        for network, latency in zip(_YOLO_V8, ("32.1", "52.3", "101.5", "182.5", "305.8"), strict=True)
    ),
    Observation((Network.YOLO_V8N,), 640, "42.7 ms from Python (SDK 3.0.1, LF 6.12.49)", sources.EDGEFIRST_BENCHMARK),
    Observation((Network.YOLO_V8S,), 640, "66.2 ms from Python (SDK 3.0.1, LF 6.12.49)", sources.EDGEFIRST_BENCHMARK),
    Observation((Network.YOLO_V8S,), None, "converter: 230 of 233 operators (3.1.2)", sources.PHYTEC_NOTES),
    Observation((Network.YOLO_V8S,), 1024, "runs on the NPU, 145.5 ms (SDK 3.1.0)", sources.PHYTEC_NOTES),
    Observation(
        (Network.YOLO_V8L,),
        None,
        "converted well but detected nothing: compare outputs, not only placement",
        sources.BOARD_NOTES,
    ),
)


def observe(model: Model, release: Release) -> tuple[Note, ...]:
    """Return the public observations about the network that `model` is, and what follows from them."""
    found = recognise(model)
    if found is None:
        return ()
    size = f"{found.height}x{found.width}"
    pads = f", exported with {found.pads} PAD operators" if found.pads else ", exported without PAD operators"
    notes = [
        Note(
            f"By its structure this is {found.network} at {size}{pads}. The following was observed by others; it is "
            "no verdict on this file.",
            Evidence.INFERRED,
            sources.NPUFIT,
        )
    ]
    notes += [_note(found, observation) for observation in OBSERVATIONS if found.network in observation.networks]
    if found.network in (Network.KERAS_MOBILENET_V2, Network.RESNET50_V2):
        notes += _cliff(model, found, release)
    return tuple(notes)


def observe_count(model: Model, release: Release) -> NpuCount | None:
    """Return how many operators of this network at this size `release` was seen to convert; None if unknown."""
    found = recognise(model)
    if found is None or found.height != found.width:
        return None
    where = found.height, release.version
    for entry in OBSERVATIONS:
        if entry.total and found.network in entry.networks and (entry.size, entry.version) == where:
            return NpuCount(entry.converted, entry.total, None, entry.near_output, Evidence.OBSERVED, entry.source)
    return None


def observe_network(model: Model) -> tuple[Report, ...]:
    """Return the public observations about the network that `model` is, at any size."""
    found = recognise(model)
    if found is None:
        return ()
    return tuple(
        Report(f"{_network(found, entry)}: {entry.text}", entry.source)
        for entry in OBSERVATIONS
        if found.network in entry.networks
    )


def _note(found: Recognition, observation: Observation) -> Note:
    same = " (the size of this file)" if found.height == found.width == observation.size else ""
    text = f"Observed, {_network(found, observation)}{same}: {observation.text}."
    return Note(text, Evidence.OBSERVED, observation.source)


def _network(found: Recognition, observation: Observation) -> str:
    size = "" if observation.size is None else f" at {observation.size}x{observation.size}"
    return f"{found.network}{size}"


def _cliff(model: Model, found: Recognition, release: Release) -> list[Note]:
    notes: list[Note] = []
    if release.version != "1.16":
        notes.append(
            Note(
                f"The loss of operators at 320x320 was reported for 1.16 only; whether {release.version} still has "
                f"it "
                "is not published.",
                Evidence.INFERRED,
                sources.NPUFIT,
            )
        )
    notes.append(
        Note(
            "The 88 in the report counts operators after the converter's own optimization. This file has "
            f"{len(model.main.operators)} operators, so the two cannot be compared.",
            Evidence.INFERRED,
            sources.EDGEFIRST_LOG,
        )
    )
    if found.network is Network.KERAS_MOBILENET_V2:
        notes.append(_no_operator_limit(model.main, found))
    return [*notes, *cliff_notes()]


LARGEST_CONVERTED = {"activation_bytes": 1_225_824, "io_bytes": 1_526_880, "line": 10_848}
"""The largest value at 224x224 among operators that were surely converted, INT8, exported with PADs.

block_1_depthwise reads 113x113x96 and writes 56x56x96. `npufit probe --explain` computes the same from the network.
"""

_IN_WORDS = {
    "activation_bytes": "one tensor",
    "io_bytes": "input and output together",
    "line": "one line of a feature map",
}


def _no_operator_limit(subgraph: Subgraph, found: Recognition) -> Note:
    from npufit.stacks.neutron.hypotheses import measure_operator

    integer = [operator for operator in subgraph.operators if _is_integer(subgraph, operator)]
    counts = [
        f"{sum((measure_operator(subgraph, it, quantity) or 0) > largest for it in integer)} are larger in "
        f"{_IN_WORDS[quantity]} ({largest:,} bytes)"
        for quantity, largest in LARGEST_CONVERTED.items()
    ]
    return Note(
        "No limit on single operators explains the report: at 320x320 about 60 operators more than at 224x224 stayed "
        "on the CPU, most of them far smaller than others that converted at 224x224. Operators of this file at "
        f"{found.height}x{found.width}, compared with the largest convolution or ADD at 224x224: {'; '.join(counts)}. "
        "Assuming that none of the six operators left over at 224x224 was a large convolution, as its 3.17 ms "
        "suggest, the converter must have decided over a whole group of operators.",
        Evidence.INFERRED,
        f"{sources.TORADEX_RESOLUTION}; {sources.NPUFIT}",
    )


def _is_integer(subgraph: Subgraph, operator: Operator) -> bool:
    inputs = (tensor for tensor in subgraph.input_tensors(operator) if not tensor.is_constant)
    return not any(tensor.element.is_float for tensor in (*inputs, *subgraph.output_tensors(operator)))
