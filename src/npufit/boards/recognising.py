"""Which chip a board has, and what follows: its BSP, its targets, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from npufit.boards.bsp import nxp_bsp
from npufit.boards.candidates import candidates_of
from npufit.boards.facts import BoardFacts, Candidate
from npufit.chips import chip_names, load_chip
from npufit.formatting import shorten


def recognise(facts: BoardFacts) -> BoardFacts:
    """Return `facts` with everything that follows from them. Raises InputError if a chip file of the user is wrong."""
    chip = _chip_of(facts)
    facts = replace(facts, chip=chip, bsp=nxp_bsp(facts))
    candidates = candidates_of(facts, load_chip(chip)) if chip else ()
    return replace(facts, candidates=candidates, mesa=_mesa_of(facts, candidates), missing=tuple(_missing(facts)))


def _chip_of(facts: BoardFacts) -> str:
    """Return the chip that the board names, empty if it is none that npufit knows.

    The device tree decides, whose `compatible` names the board first and its chip last; then the kernel's soc_id.
    """
    chips = {name: load_chip(name).recognition for name in chip_names()}
    for entry in facts.compatible:
        for name, recognition in chips.items():
            if any(entry == fact.value for fact in recognition.compatible):
                return name
    return next((name for name, it in chips.items() if any(facts.soc == fact.value for fact in it.soc)), "")


def _mesa_of(facts: BoardFacts, candidates: tuple[Candidate, ...]) -> str:
    """Return the release of the libteflon that a candidate uses, otherwise of any."""
    used = {candidate.delegate for candidate in candidates}
    found = [file for file in facts.of_kind("delegate") if file.name == "libteflon.so"]
    return next((file.version for file in sorted(found, key=lambda file: file.path not in used)), "")


def _missing(facts: BoardFacts) -> Iterator[str]:
    if facts.chip:
        return
    if facts.compatible or facts.soc:
        said = shorten(", ".join(facts.compatible) or facts.soc)
        yield (
            f"npufit knows no chip that says '{said}', so no NPU is looked for; the CPU can be measured. A chip file "
            "of your own with [recognition] adds one (NPUFIT_CHIPS)."
        )
    else:
        yield "There is no device tree and no soc_id, so this is none of npufit's boards; the CPU can be measured."
