"""Whether the NPU ran: counters of three runs and messages of runtimes, weighed against what each assumes."""

from __future__ import annotations

from npufit.measuring.proof.ethosu_profile import ethosu_profile
from npufit.measuring.proof.evidence_runs import EvidenceRun, evidence_of, profile_of
from npufit.measuring.proof.judging import judge
from npufit.measuring.proof.seen import Seen, SeenRun

__all__ = ["EvidenceRun", "Seen", "SeenRun", "ethosu_profile", "evidence_of", "judge", "profile_of"]
