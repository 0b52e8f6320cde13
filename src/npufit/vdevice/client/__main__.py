"""`python vdevice/client SETUP`: the child of a session."""

import importlib
import sys
from pathlib import Path

# A folder that is run is no package; as one it can be used from npufit as well.
_FOLDER = Path(__file__).resolve().parent
sys.path[0] = str(_FOLDER.parent)
_serving = importlib.import_module(f"{_FOLDER.name}.serving")
del sys.path[0]  # the names of npufit's modules must not hide those of others
_serving.main()
