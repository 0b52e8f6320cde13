"""The first lines of a probe: how many limits, the one on the whole graph, crashes, and what is never taken."""

from __future__ import annotations

from npufit.formatting import plural, printable
from npufit.report.probe.document import ANY_OPERATOR, ProbeDocument
from npufit.report.probe.words import count_words, duration_words, listed, tool_words
from npufit.stacks.probed import Kept

_TELL_FROM_S = 10.0
"""Shorter probes do not say how long they took."""


def probe_headline(document: ProbeDocument, seconds: float = 0.0) -> str:
    """Return what a probe found, the answer first; `seconds` is how long it took."""
    return " ".join([answer(document, seconds), *further_sentences(document)])


def answer(document: ProbeDocument, seconds: float = 0.0) -> str:
    """Return the counts: `21 limits on 9 operators of vela 5.2 in 1,043 questions (3 min 10 s).`"""
    taken = [entry for entry in document.operators if entry.taken]
    took = f" ({duration_words(seconds)})" if seconds >= _TELL_FROM_S else ""
    asked = f"in {count_words(document.questions, 'question')}{took}"
    tool = tool_words(document.tool, document.version)
    if document.operators and not taken:
        return f"{tool} takes none of {plural(len(document.operators), 'operator type')}, {asked}."
    if not document.limits:
        return f"No limit on {plural(len(taken), 'operator type')} of {tool} {asked}."
    return f"{plural(len(document.limits), 'limit')} on {plural(len(taken), 'operator type')} of {tool} {asked}."


def further_sentences(document: ProbeDocument) -> list[str]:
    """Return what else the first lines say."""
    refused = [entry.operator for entry in document.operators if not entry.taken]
    sentences = [_sentence(document.statements[0])] if tells_of_groups(document) else []
    if document.crashes:
        verb = "breaks" if len(document.crashes) == 1 else "break"
        sentences.append(f"{plural(len(document.crashes), 'model')} within its limits {verb} it.")
    if refused and len(refused) < len(document.operators):
        sentences.append(f"Never taken: {listed(refused)}.")
    if document.ended_by:
        sentences.append(f"Ended early: {_sentence(document.ended_by)}")
    return sentences


def tells_of_groups(document: ProbeDocument) -> bool:
    """Return whether the headline has the first statement on groups: if they matter to this tool."""
    is_grouped = any(limit.operator == ANY_OPERATOR for limit in document.limits)
    is_split = any(separator.kept != Kept.OTHERS for separator in document.separators)
    return bool((is_grouped or is_split) and document.statements)


def _sentence(text: str) -> str:
    text = printable(text)
    return text if text.endswith((".", "!", "?")) else f"{text}."
