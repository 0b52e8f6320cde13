"""The command line: parse, call the library, print. Each command is a module that is imported only when it runs."""

from npufit.cli.main import main

__all__ = ["main"]
