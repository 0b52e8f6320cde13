"""Where real files lie: small models in the repository, larger ones, captures and oracles beside it."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
MODELS = Path(__file__).parent / "models"
SHARED = REPOSITORY.parent / "shared"
