"""All evidence of a bench, weighed into one verdict."""

from __future__ import annotations

from npufit.measurements import Evidence, Proof, ProofVerdict
from npufit.measuring.proof.counting import readable
from npufit.measuring.proof.delegate_words import delegate_finding
from npufit.measuring.proof.finding import Finding
from npufit.measuring.proof.interrupts import interrupt_finding
from npufit.measuring.proof.messages import message_finding
from npufit.measuring.proof.resources import engine_finding, memory_finding
from npufit.measuring.proof.seen import Seen

_KINDS = (interrupt_finding, message_finding, delegate_finding, engine_finding, memory_finding)
"""From what leaves least to assumptions to what leaves most."""


def judge(seen: Seen) -> Proof:
    """Return whether the NPU ran the model, with one sentence and all evidence, what decided first.

    `proven`: a counter of the NPU stood still on the CPU alone and moved for each call of the model. `contradicted`:
    it stood still with the model too, or the delegate says that it took nothing. `consistent`: there are only weaker
    signs, or something else used the counter as well. `unknown`: nothing tells, or evidence disagrees.
    """
    if why := _why_not_judged(seen):
        return Proof(ProofVerdict.UNKNOWN, why)
    findings = [finding for kind in _KINDS if (finding := kind(seen))]
    if not seen.has_device and not any(_hints_at_npu(finding.evidence) for finding in findings):
        findings.insert(0, _without_device())
    if not findings:
        return Proof(ProofVerdict.UNKNOWN, "nothing on this board tells whether its NPU ran")
    verdict = _verdict(findings)
    findings.sort(key=lambda finding: (finding.evidence.says is not verdict, not finding.is_npus_own))
    return Proof(verdict, _sentence(verdict, findings), tuple(finding.evidence for finding in findings))


def _why_not_judged(seen: Seen) -> str:
    """Say why there is nothing to judge, an empty text if there is."""
    if readable(seen.model):
        return ""
    if seen.model and any(run.timing for run in seen.model):
        return "the tool does not say how many inferences it made"
    if seen.model:
        return "no run with the NPU came to its end"
    if not seen.stack or not seen.has_device:
        return "there is no NPU that npufit knows: measured on the CPU alone"
    if not seen.has_delegate and seen.stack != "direct":
        return "the NPU's delegate is missing on the board: measured on the CPU alone"
    return "there was no run with the NPU"


def _verdict(findings: list[Finding]) -> ProofVerdict:
    said = {finding.evidence.says for finding in findings}
    shows_npu = any(finding.shows_npu for finding in findings)
    if ProofVerdict.CONTRADICTED in said:
        return ProofVerdict.UNKNOWN if shows_npu else ProofVerdict.CONTRADICTED
    for verdict in (ProofVerdict.PROVEN, ProofVerdict.CONSISTENT):
        if verdict in said:
            return verdict
    return ProofVerdict.UNKNOWN


def _sentence(verdict: ProofVerdict, findings: list[Finding]) -> str:
    """Return what the first finding says, and what follows from it; `findings` begin with those of the verdict."""
    first = findings[0].evidence.sentence
    if verdict is ProofVerdict.CONTRADICTED:
        taken = next((finding.evidence.sentence for finding in findings if finding.has_taken), "")
        return (
            f"{first}, although {taken}: the NPU did not compute them"
            if taken
            else f"{first}: everything ran on the CPU"
        )
    against = next((one.evidence for one in findings if one.evidence.says is ProofVerdict.CONTRADICTED), None)
    if verdict is not ProofVerdict.UNKNOWN or against is None:
        return first
    in_favour = next(finding.evidence for finding in findings if finding.shows_npu)
    return f"the evidence disagrees: {in_favour.sentence}; {against.sentence}"


def _hints_at_npu(evidence: Evidence) -> bool:
    return bool(evidence.model) or evidence.says in (ProofVerdict.PROVEN, ProofVerdict.CONSISTENT)


def _without_device() -> Finding:
    sentence = "the board has no device of an NPU"
    assumes = "the NPU's driver shows its device below /dev"
    return Finding(Evidence("the board's device nodes", ProofVerdict.CONTRADICTED, sentence, assumes=assumes))
