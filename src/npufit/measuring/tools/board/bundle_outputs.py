#!/usr/bin/env python3
"""Executes a bundle of `npufit deploy` once, from the start of its state, and writes what it returns.

Usage: bundle_outputs.py BUNDLE OUTPUTS [INPUT.bin]…: OUTPUTS gets the plain bytes of all outputs, one after another.
Exit code: 0, or 3 with one line that says why.
"""

import importlib
import sys
from typing import Any, List, Optional


def main(arguments: Optional[List[str]] = None) -> int:
    """Execute, write, and return the exit code."""
    bundle, path, *inputs = sys.argv[1:] if arguments is None else arguments
    sys.path.insert(0, bundle)
    run: Any = importlib.import_module("run")
    try:
        folder = run.Folder(bundle)
        with run.Bundle(folder) as opened:
            outputs = opened.run(run.read_inputs(folder, inputs, "auto"))
        with open(path, "wb") as file:
            for values in outputs:
                file.write(values.tobytes())
    except (run.RunError, OSError, MemoryError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
