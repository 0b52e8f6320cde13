"""Classes of networks that are left out as a whole, to see how a fit predicts networks unlike its own."""

from __future__ import annotations

from npufit.cost.measured.public_measurements import Row, architecture
from npufit.cost.spread import SMALL_MS

_DETECTORS = (
    *("ssd_mobilenet_v1", "ssd_mobilenet_v2", "ssdlite_mobiledet", "centernet", "yolov4_tiny", "yolov8", "blazeface"),
)
_FACES = ("blazeface", "face_mesh", "iris_landmark", "facenet512", "deepface_emotion", "whenet")
_CLASSIFIERS = ("mobilenet", "mnasnet", "efficientnet", "resnet")

_SMALLS_OF_CPU_MS = 12.0
"""On a CPU few networks are below SMALL_MS; those below this value have significant fixed costs."""

CLASSES = (
    "small networks",
    "detectors",
    "classifiers",
    "networks for faces",
    "networks for sound",
    "everything of NXP's model zoo on LF6.1.36",
)
"""The classes, each left out as a whole."""


def is_in(name: str, row: Row) -> bool:
    """Return whether the network of `row` belongs to the class called `name`."""
    network = architecture(row.network)
    match name:
        case "small networks":
            return row.measured_ms < (_SMALLS_OF_CPU_MS if row.group.endswith("/cpu") else SMALL_MS)
        case "detectors":
            return network in _DETECTORS
        case "classifiers":
            return network.startswith(_CLASSIFIERS)
        case "networks for faces":
            return network in _FACES
        case "networks for sound":
            return network in ("mlperf_tiny_ad", "mlperf_tiny_kws", "wav2letter")
        case _:
            return row.version.startswith("LF6.1.36")
