"""The proof: the models before and after, executed on the same inputs."""

from npufit.fitting.proof.comparison import Proof, ProofFailure, Simulation, prove, simulate
from npufit.fitting.proof.library_proof import LibraryAnswer, LibraryProof, prove_on_library
from npufit.fitting.proof.proof_inputs import RANDOM_INPUTS, ProofInput, extreme_inputs, read_samples, seeded_inputs

__all__ = [
    "RANDOM_INPUTS",
    "LibraryAnswer",
    "LibraryProof",
    "Proof",
    "ProofFailure",
    "ProofInput",
    "Simulation",
    "extreme_inputs",
    "prove",
    "prove_on_library",
    "read_samples",
    "seeded_inputs",
    "simulate",
]
