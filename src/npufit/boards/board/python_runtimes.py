# Which LiteRT a Python of the board has, without importing it: TensorFlow alone takes ten seconds. For Python 3.6 on.
import re
import sys
from importlib.util import find_spec


def version(module: str) -> str:
    try:
        from importlib.metadata import version as version_of

        return version_of(module.replace("_", "-"))
    except Exception:  # an old Python, or a package without metadata, as in NXP's images
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            return ""
        with open(spec.origin, errors="replace") as file:
            found = re.search(r"__version__ = .([\w.+-]+)", file.read(65536))
        return found.group(1) if found else ""


words = [".".join(map(str, sys.version_info[:3])), "numpy" if find_spec("numpy") else ""]
for name in ("ai_edge_litert", "tflite_runtime", "tensorflow"):
    if find_spec(name):
        words += [name, version(name)]
print("\t".join(words))
