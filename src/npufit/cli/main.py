"""The entry point: the list of commands, exit codes, and what happens to errors."""

from __future__ import annotations

import gc
import importlib
import os
import sys

import click

from npufit._version import __version__
from npufit.cli import exit_codes
from npufit.errors import InputError, InternalError, NpufitError, ToolError

_COMMANDS = {
    "check": "Where does each operator of a model run, why, and how fast?",
    "run": "Execute a model as its target would, bit for bit, and compare.",
    "fit": "Rewrite a model until it fits its target, and prove that the answer is unchanged.",
    "sweep": "Many sizes and targets: where is the cliff, and what can I afford?",
    "probe": "Find the limits of a closed converter by asking it.",
    "compare": "What changed between two models, targets, releases or saved results?",
    "evaluate": "Count how often the answers on images change or are wrong.",
    "deploy": "Write a model as a bundle for a board with mainline Linux, proven here first.",
    "bench": "Measure on your board, prove that the NPU ran, and compare with the prediction.",
    "vnpu": "Run any program that uses a board's NPU on this machine, on a virtual one.",
    "resize": "Give a model another input resolution.",
    "disassemble": "Print the command stream of an Ethos-U; check whether a kernel accepts it.",
    "accuracy": "Compare predicted times with measured ones.",
    "calibrate": "Refine predicted times with measurements from your board.",
    "toolchain": "Install, list or remove other releases of Vela.",
    "targets": "List the supported chips and stacks.",
    "rules": "Explain a rule or a hazard, or list them all.",
    "zoo": "List the built-in networks, or write one to a file.",
}


class _Commands(click.Group):
    """Commands are imported when they run, so that `--help` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return importlib.import_module(f"npufit.cli.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(error.message + _suggest(args[0]), ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _suggest(word: str) -> str:
    import difflib

    if word.endswith(".tflite"):
        return f" Did you mean `npufit check {word}`?"
    near = difflib.get_close_matches(word, _COMMANDS, n=1)
    return f" Did you mean `npufit {near[0]}`?" if near else ""


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="npufit")
def npufit() -> None:
    """Where does each operator of a .tflite model run on an embedded NPU, why, how fast, and is the answer right?

    \b
    npufit check model.tflite -t imx93/teflon@26.1
    npufit check zoo:mobilenet_v2@320,int8 -t imx93/vela -t imx95/neutron
    npufit run zoo:mobilenet_v2 -t imx93/vela --compare
    npufit fit model.tflite -t imx93/teflon@25.3 -o fitted.tflite
    npufit compare model.tflite -t imx93/teflon@25.3 -t imx93/teflon@26.2
    npufit evaluate model.tflite -t imx93/vela --images photos --require 'top1-agreement>=99%'
    npufit bench model.tflite --on ssh://root@board
    npufit rules ethosu.pad-folded

    Exit codes: 0 fine, 1 a gate failed (--require), results differ (--compare) or a proof failed (fit), 2 the input is
    wrong, 3 a needed tool is missing or failed.
    """


def main() -> None:
    """Run the command line and exit with its code; each error that the user can fix is one message."""
    # NumPy's linear algebra starts a thread per core when it is imported; nothing here uses it, and it costs time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # The collector would run dozens of times over modules and models that live until the end.
    gc.set_threshold(100_000)
    output = sys.stdout
    try:
        code = npufit.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(exit_codes.WRONG_INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(exit_codes.INTERRUPTED)
    except SystemExit:
        # Where the reader of a pipe has left, click wraps standard output and leaves with 1, a failed gate here.
        if sys.stdout is not output:
            sys.exit(exit_codes.FINE)
        raise
    except BrokenPipeError:
        # The reader of a pipe has left; Python would complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except NpufitError as error:
        _show(error)
        sys.exit(_exit_code(error))


def _exit_code(error: NpufitError) -> int:
    if isinstance(error, InputError):
        return exit_codes.WRONG_INPUT
    return exit_codes.TOOL_FAILED if isinstance(error, ToolError) else exit_codes.BUG


def _show(error: NpufitError) -> None:
    from npufit.formatting import printable

    lines = [printable(line) for line in str(error).splitlines()]
    click.echo(f"npufit: {lines[0]}" if lines else "npufit: failed", err=True)
    for line in lines[1:]:
        click.echo(f"  {line}", err=True)
    if isinstance(error, InternalError):
        click.echo("  This is a bug in npufit. Please report it with the command and the model.", err=True)
