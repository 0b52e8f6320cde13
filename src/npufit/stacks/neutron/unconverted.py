"""The placement of a model without the converter: what is documented, and unknown for the rest."""

from __future__ import annotations

from npufit.graph import Model, OperatorId, Subgraph, wire
from npufit.stacks.hazard import make_hazard
from npufit.stacks.neutron import rules, sources
from npufit.stacks.neutron.explain import ask, recall, refuse
from npufit.stacks.neutron.networks import box_decoders
from npufit.stacks.neutron.neutron_operator import NeutronOperator
from npufit.stacks.neutron.observations import observe, observe_count, observe_network
from npufit.stacks.neutron.versions import Release
from npufit.stacks.placement import Hazard, Note, OperatorPlacement, Placement, Setting, Unit
from npufit.stacks.rule import Evidence
from npufit.stacks.target import Target


def place_plain(model: Model, target: Target, release: Release) -> Placement:
    """Return what the documented rules say about `model`; every operator that they do not decide is unknown."""
    operators = tuple(
        placed for number, subgraph in enumerate(model.subgraphs) for placed in _place(subgraph, number, release)
    )
    unknown = any(operator.unit is Unit.UNKNOWN for operator in operators)
    return Placement(
        target=target,
        operators=operators,
        hazards=_depthwise_detector(model.main, release),
        settings=release_settings(release),
        notes=(*observe(model, release), *_foreign_file(model)),
        npu_count=observe_count(model, release) if unknown else None,
        reports=observe_network(model),
    )


def unasked_notes(placement: Placement) -> tuple[Note, ...]:
    """Return how many operators only the converter can place, how to run it, and what the plain file does."""
    unknown = sum(operator.unit is Unit.UNKNOWN for operator in placement.operators)
    total = len(placement.operators)
    answer = (
        f"{unknown} of {total} operators are unknown: NXP publishes no readable rules for i.MX95. The file that its "
        "converter writes has the answer, and so has the converter itself (--converter); its log (--log) gives "
        "totals."
        if unknown
        else f"By the rules all {total} operators stay on the CPU; the converter was not run."
    )
    return (
        Note(answer, Evidence.INFERRED, sources.NPUFIT),
        Note(
            "If this file is given to the board unchanged, it runs on the CPU: recent BSPs convert nothing on the "
            "board and report 0 delegated nodes.",
            Evidence.OBSERVED,
            sources.BOARD_NOTES,
        ),
    )


def release_settings(release: Release) -> tuple[Setting, ...]:
    """Return the release whose rules apply, with the BSP that it is built for, as settings."""
    bsp = release.bsp or "no public source for its BSP"
    return (
        Setting("converter release", release.product, release.source),
        Setting("board software", bsp, release.source),
    )


def _place(subgraph: Subgraph, number: int, release: Release) -> list[OperatorPlacement]:
    wiring = wire(subgraph)
    decoders = box_decoders(subgraph)
    placed: list[OperatorPlacement] = []
    for index in range(len(subgraph.operators)):
        site = NeutronOperator(subgraph, wiring, index, release, decoders)
        place, finding = OperatorId(number, index), refuse(site)
        if finding is not None:
            placed.append(OperatorPlacement(place, Unit.CPU, finding.evidence, finding=finding))
        else:
            question = ask(site)
            placed.append(
                OperatorPlacement(place, Unit.UNKNOWN, question.evidence, finding=question, note=recall(site))
            )
    return placed


def _depthwise_detector(subgraph: Subgraph, release: Release) -> tuple[Hazard, ...]:
    """Return the hazard of detectors with depthwise convolutions; certain only for the reported releases."""
    depthwise = tuple(
        index for index, operator in enumerate(subgraph.operators) if operator.type == "DEPTHWISE_CONV_2D"
    )
    if not depthwise or not box_decoders(subgraph):
        return ()
    reported = release.version in ("3.0", "3.1")
    return (
        make_hazard(
            rules.DEPTHWISE_DETECTOR,
            0,
            depthwise,
            "the network decodes boxes as YOLO11 does and has depthwise convolutions; such networks gave "
            "wrong detections on the NPU"
            + ("" if reported else f" with releases 3.0 and 3.1, and nothing is known about {release.version}"),
            f"{len(depthwise)} DEPTHWISE_CONV_2D",
            evidence=Evidence.OBSERVED if reported else Evidence.INFERRED,
        ),
    )


def _foreign_file(model: Model) -> tuple[Note, ...]:
    if not any(operator.is_npu_call for operator in model.main.operators):
        return ()
    return (
        Note(
            "This file was compiled for an Arm Ethos-U. Its ethos-u operators run on no other NPU and on no CPU; use "
            "the original model.",
            Evidence.EXECUTED,
            "the file itself",
        ),
    )
