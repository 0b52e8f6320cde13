"""The experiments that would settle what nobody outside NXP knows, as remedies, cheapest first."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.stacks.neutron import sources
from npufit.stacks.placement import Note
from npufit.stacks.rule import Evidence, Remedy, RemedyKind

ASK_CONVERTER = Remedy(
    RemedyKind.EXPERIMENT,
    "Let the converter decide: give npufit the converter's command with --converter, its log, or the file that it "
    "wrote. The converter runs on an x86-64 host and needs no board.",
)
OTHER_RELEASE = Remedy(
    RemedyKind.EXPERIMENT,
    "Convert the same file with another release (1.17, 2.2, 3.0, 3.1, 3.2) and compare the index lists of the logs.",
)
CONVERT_ALONE = Remedy(
    RemedyKind.EXPERIMENT,
    "Convert a file that holds this operator alone, at the same shapes. If it converts there, its surroundings "
    "decided, not the operator.",
)
FOLD_PADS = Remedy(
    RemedyKind.EXPERIMENT,
    "Export with TensorFlow 2.18 or later, which folds such a PAD into the SAME padding of the next operator; the "
    "computation stays the same. `zoo:mobilenet_v2@320,int8,pad=folded` is such a file, made without TensorFlow.",
)
COMPARE_WITH_RUNNER = Remedy(
    RemedyKind.EXPERIMENT,
    "Compare outputs, not only placement: convert with --keep-graphs and run neutron-runner on the host, or compare "
    "the board with the CPU on real inputs.",
)


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment on why operators are lost at a higher resolution: the hypotheses it tests, and what to do."""

    hypotheses: tuple[str, ...]
    action: str
    verdict: str


CLIFF_EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        ("N7",),
        "convert the same file with 1.17, 2.2, 3.0, 3.1 and 3.2",
        "If a later release converts it, use that release and its BSP",
    ),
    Experiment(
        ("N3",),
        "convert the file without PADs: export with TensorFlow 2.18 or later, or take "
        "`zoo:mobilenet_v2@320,int8,pad=folded`",
        "If it converts, the PADs were the cause and that export is the way out",
    ),
    Experiment(
        ("N1",),
        "convert 224, 240, 256, ... 320 and keep each log: converted count, index list, lines that start TCM "
        "allocation, generation time",
        "One sudden step and halved counts support this",
    ),
    Experiment(
        ("N2", "N5"),
        "remove the first two blocks so that the network starts at 80x80x24, convert each operator alone, and "
        "convert a tall and a wide input of equal area (640x160 and 160x640)",
        "If the rest converts without them, those operators were the cause; if tall and wide differ, the line length "
        "is",
    ),
    Experiment(
        ("N4",),
        "convert the network without its ADDs, then one ADD whose operands are produced further and further apart",
        "If only the versions with ADDs lose operators, the distance is the cause",
    ),
)
"""In the order of `npufit probe --explain`: what is already the way out if it succeeds, then what tells most."""


def cliff_notes() -> tuple[Note, ...]:
    """Return the experiments as notes, in the order to do them."""
    from npufit.stacks.neutron.hypotheses import HYPOTHESES

    statements = {hypothesis.name: hypothesis.statement for hypothesis in HYPOTHESES}
    count = len(CLIFF_EXPERIMENTS)
    return tuple(
        Note(
            f"Experiment {number} of {count}. Hypothesis {' and '.join(experiment.hypotheses)}: "
            f"{' '.join(statements[name] for name in experiment.hypotheses)} Do: {experiment.action}. "
            f"{experiment.verdict}.",
            Evidence.INFERRED,
            sources.NPUFIT,
        )
        for number, experiment in enumerate(CLIFF_EXPERIMENTS, 1)
    )
