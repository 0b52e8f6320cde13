"""Programs that run files of Vela with the delegate, as a user's program would; they know nothing of npufit.

    delegate_program.py WHAT LIBRARY [FILE …]

Answers are compared with LiteRT's reference kernels on the source, which lies beside NAME_vela.tflite as NAME.tflite.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

say = functools.partial(print, flush=True)
litert: Any = importlib.import_module("ai_edge_litert.interpreter")
load_delegate = litert.load_delegate


def _interpreter(file: str, delegates: list[Any] | None = None, **options: Any) -> Any:
    options.setdefault("experimental_op_resolver_type", litert.OpResolverType.BUILTIN_REF)
    made = litert.Interpreter(file, experimental_delegates=delegates, **options)
    made.allocate_tensors()
    return made


def _infer(interpreter: Any, seed: int = 5, values: int = 8) -> list[bytes]:
    """Return the outputs for random inputs among the smallest `values` of their type."""
    for given in interpreter.get_input_details():
        least = np.iinfo(given["dtype"]).min
        generator = np.random.default_rng(seed)
        interpreter.set_tensor(
            given["index"], generator.integers(least, least + values, given["shape"], given["dtype"])
        )
    interpreter.invoke()
    return [interpreter.get_tensor(output["index"]).tobytes() for output in interpreter.get_output_details()]


def _answers(interpreter: Any) -> list[list[bytes]]:
    """Return the outputs of two inferences that only state tells apart, of one after a reset, and of another.

    Vela's LSTM is off by a step for some inputs; it is exact for these, of which the first also show the state.
    """
    found = [_infer(interpreter), _infer(interpreter)]
    interpreter.reset_all_variables()
    return [*found, _infer(interpreter), _infer(interpreter, seed=1, values=256)]


def _source(file: str) -> str:
    return file.replace("_vela.tflite", ".tflite")


_WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "kept": {"experimental_preserve_all_tensors": True},
    "xnnpack": {"experimental_op_resolver_type": litert.OpResolverType.AUTO},
}


def compare(library: str, ways: str, *files: str) -> None:
    """Compare each file as it is, with every tensor kept, or with XNNPACK for the rest."""
    delegate = load_delegate(library)
    for file in files:
        right = _answers(_interpreter(_source(file)))
        equal = [_answers(_interpreter(file, [delegate], **_WAYS[way])) == right for way in ways.split(",")]
        say(Path(file).name, *equal, "no state" if right[0] == right[1] else "state")


def beside(library: str, *files: str) -> None:
    """Run interpreters in two threads at once: of one delegate, and of one each."""
    shared = load_delegate(library)
    delegates = [shared, shared, load_delegate(library)]
    interpreters = [(file, _interpreter(file, [delegate])) for delegate in delegates for file in files]
    right = {file: _answers(_interpreter(_source(file))) for file in files}
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(_answers, (interpreter for _, interpreter in interpreters)))
    say(len(found), found == [right[file] for file, _ in interpreters])


def repeat(library: str, count: str, *files: str) -> None:
    """Load and run files many times; print what a leak would increase: open files, mappings of the device."""
    for _ in range(int(count)):
        for file in files:
            _infer(_interpreter(file, [load_delegate(library)]))
    gc.collect()
    say(len(os.listdir("/proc/self/fd")), Path("/proc/self/maps").read_text().count("memfd:"))


def attempt(library: str, *files: str) -> None:
    """Print what the runtime says about files that it cannot run."""
    for file in files:
        try:
            _infer(_interpreter(file, [load_delegate(library)]))
            say(Path(file).name, "ran")
        except (RuntimeError, ValueError) as error:
            say(Path(file).name, " ".join(str(error).split()))


def persist(library: str, file: str) -> None:
    """Run inferences on a device that may fail; print whether each is right, or why it failed."""
    right = _infer(_interpreter(_source(file)))
    interpreter = _interpreter(file, [load_delegate(library)])
    for _ in range(2):
        try:
            say(_infer(interpreter) == right)
        except RuntimeError as error:
            say(" ".join(str(error).split()))


def resize(library: str, file: str) -> None:
    """Resize the input, for which Vela has planned nothing, and go back."""
    interpreter = _interpreter(file, [load_delegate(library)])
    (given,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(given["index"], [2, *given["shape"][1:]])
    try:
        interpreter.allocate_tensors()
    except RuntimeError as error:
        say(error)
    interpreter.resize_tensor_input(given["index"], given["shape"])
    interpreter.allocate_tensors()
    say(_infer(interpreter) == _infer(_interpreter(_source(file))))


def options(library: str, *pairs: str) -> None:
    """Print what the delegate says about options, each KEY=VALUE."""
    for pair in pairs:
        key, value = pair.split("=")
        try:
            load_delegate(library, {key: value})
            say("taken")
        except ValueError as error:
            say(str(error).splitlines()[-1])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
