"""deploy: a model as a bundle that runs on a board with Linux's own driver and nothing else of npufit."""

from npufit.deploying.bundle import Bundle
from npufit.deploying.deploy import deploy
from npufit.deploying.kernels import accepting_releases
from npufit.deploying.manifest import MANIFEST, Manifest, manifest_text
from npufit.deploying.options import PROOF_INPUTS, DeployOptions
from npufit.deploying.proving import BundleProof, Difference
from npufit.deploying.result import DeployResult
from npufit.deploying.segments import renamed
from npufit.deploying.writing import require_bundle_folder

__all__ = [
    "MANIFEST",
    "PROOF_INPUTS",
    "Bundle",
    "BundleProof",
    "DeployOptions",
    "DeployResult",
    "Difference",
    "Manifest",
    "accepting_releases",
    "deploy",
    "manifest_text",
    "renamed",
    "require_bundle_folder",
]
