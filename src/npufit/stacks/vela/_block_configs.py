"""Block configurations of older Velas, computed once for many models: this runs inside Vela's own Python.

Releases before 3.11 compute 100,000 of them for each model, which takes over a second, although they depend on the
accelerator alone. Python 3.7 and newer; nothing from npufit is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class BlockConfigs:
    """Wraps the method that computes them, and keeps what it returns."""

    def __init__(self) -> None:
        """Wrap it. Raises ImportError or AttributeError if this Vela has no such method."""
        self._features: Any = import_module("ethosu.vela.architecture_features")
        architecture = self._features.ArchitectureFeatures
        compute = architecture.generate_block_config_map
        known: dict[tuple[Any, int, int], Any] = {}

        def look_up(own: Any, block: Any) -> None:
            key = own.accelerator_config, block.width, block.height
            if key not in known:
                compute(own, block)
                known[key] = own.block_config_map
            own.block_config_map = known[key]

        architecture.generate_block_config_map = look_up

    def prepare(self, arguments: list[str]) -> None:
        """Compute those of the accelerator that `arguments` name. Raises ValueError if they name none that exists."""
        name = arguments[arguments.index("--accelerator-config") + 1]
        self._features.create_default_arch(self._features.Accelerator(name))
