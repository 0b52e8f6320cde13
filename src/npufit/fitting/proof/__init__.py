"""The proof: the models before and after, executed on the same inputs."""

from npufit.fitting.proof.comparison import Proof, ProofFailure, Simulation, prove, simulate
from npufit.fitting.proof.proof_inputs import RANDOM_INPUTS, ProofInput, extreme_inputs, read_samples, seeded_inputs

__all__ = [
    "RANDOM_INPUTS",
    "Proof",
    "ProofFailure",
    "ProofInput",
    "Simulation",
    "extreme_inputs",
    "prove",
    "read_samples",
    "seeded_inputs",
    "simulate",
]
