"""The command line: parse, call the library, print. Each command is a module and is imported when it is run."""

from npufit.cli.main import main

__all__ = ["main"]
