"""The files that come with the cost models: measurements, the networks behind them, and the coefficients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
WORKLOADS = FOLDER / "workloads"
COEFFICIENTS = FOLDER / "coefficients.json"
HELD_OUT = FOLDER / "held_out.json"


def read_json(path: Path) -> Any:
    """Return the content of one of these files."""
    return json.loads(path.read_text("utf-8"))
