#!/usr/bin/env python3
"""Times a .tflite model with this board's TensorFlow Lite, and prints one line of JSON between two marks.

Sent by `npufit bench` to boards that have a Python with LiteRT, tflite_runtime or TensorFlow; it needs nothing else of
npufit. Python 3.6 or later, NumPy. It writes only the file that --outputs names. Exit codes: 0 timed, 1 not timed, and
the line says why.
"""

# Python 3.6: no annotations from the future, no walrus.

import argparse
import gc
import importlib
import json
import os
import signal
import sys
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

BEGIN, END = "@@npufit-times-begin@@", "@@npufit-times-end@@"
LONGEST_WARMUP_S = 0.5
MOST_INFERENCES = 1000000
LONGEST_PROBLEM = 600
SEED = 14


class Ended(BaseException):
    """Somebody ended this program."""


class Stage:
    """What the program is doing: it is named when something fails."""

    name = "reading the options"


def parse_arguments(arguments: Optional[Sequence[str]]) -> argparse.Namespace:
    """Return the options; ends the program for wrong ones."""
    parser = argparse.ArgumentParser(prog="time_inferences.py", description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--model", required=True, metavar="FILE")
    add("--module", required=True, choices=("ai_edge_litert", "tflite_runtime", "tensorflow"))
    add("--threads", type=int, default=1)
    add("--delegate", default="", metavar="LIBRARY")
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="of the delegate")
    add("--xnnpack", choices=("on", "off", "default"), default="default")
    add("--warmup", type=int, default=1)
    add("--runs", type=int, default=50)
    add("--least", type=float, default=1.0, metavar="SECONDS")
    add("--most", type=float, default=60.0, metavar="SECONDS", help="of the warm-up, and of the inferences that count")
    add("--input", action="append", default=[], metavar="FILE", help="plain bytes, in the order of the model's inputs")
    add("--outputs", default="", metavar="FILE", help="write the plain bytes of all outputs there")
    return parser.parse_args(arguments)


def load_module(name: str) -> Tuple[Any, Any, str]:
    """Return what has Interpreter, OpResolverType and load_delegate, and the version of the runtime."""
    if name == "tensorflow":
        tensorflow = importlib.import_module("tensorflow")
        return tensorflow.lite, tensorflow.lite.experimental, str(tensorflow.__version__)
    package = importlib.import_module(name)
    module = importlib.import_module(name + ".interpreter")
    return module, module, str(getattr(package, "__version__", "") or installed_version(name))


def installed_version(name: str) -> str:
    """Return the version of an installed package, empty if nobody knows."""
    try:
        metadata = importlib.import_module("importlib.metadata")
        return str(metadata.version(name.replace("_", "-")))
    except Exception:  # Python 3.7 and earlier lack the module; a board's package may lack the data.
        return ""


def make_interpreter(options: argparse.Namespace, module: Any, experimental: Any) -> Tuple[Any, Optional[bool]]:
    """Return the interpreter with its delegate applied, and whether XNNPACK is allowed: None if the runtime decides."""
    extra: Dict[str, Any] = {}
    states = getattr(experimental, "OpResolverType", None)
    allowed = None
    if options.xnnpack != "default" and states is not None:
        allowed = options.xnnpack == "on"
        extra["experimental_op_resolver_type"] = states.BUILTIN if allowed else states.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    if options.delegate:
        Stage.name = "loading the delegate"
        pairs = dict(option.split("=", 1) for option in options.option)
        extra["experimental_delegates"] = [experimental.load_delegate(options.delegate, pairs)]
    Stage.name = "applying the delegate" if options.delegate else "loading the model"
    return module.Interpreter(model_path=options.model, num_threads=options.threads, **extra), allowed


def count_nodes(interpreter: Any) -> Tuple[Optional[int], Optional[int]]:
    """Return how many nodes of delegates and of the model the graph has; None if this runtime does not tell.

    There is no public call for it; a delegate's nodes are added to those of the model.
    """
    try:
        kinds = [str(details["op_name"]) for details in interpreter._get_ops_details()]
    except Exception:
        return None, None
    delegates = kinds.count("DELEGATE")
    return delegates, len(kinds) - delegates


def fill_inputs(interpreter: Any, files: Sequence[str], numpy: Any) -> None:
    """Set all inputs: from files, or the same random values each time."""
    Stage.name = "setting the inputs"
    details = interpreter.get_input_details()
    if files and len(files) != len(details):
        raise ValueError(f"{len(files)} files for {len(details)} inputs")
    random = numpy.random.RandomState(SEED)
    for index, tensor in enumerate(details):
        shape, kind = [int(size) for size in tensor["shape"]], numpy.dtype(tensor["dtype"])
        if files:
            with open(files[index], "rb") as file:
                values = numpy.frombuffer(file.read(), kind)
        else:
            values = random_values(numpy, random, shape, kind)
        needed = int(numpy.prod(shape, dtype=int))
        if values.size != needed:
            raise ValueError(f"input {index} has {values.size} values, not {needed}")
        interpreter.set_tensor(tensor["index"], values.reshape(shape))


def random_values(numpy: Any, random: Any, shape: List[int], kind: Any) -> Any:
    """Return random values of a type: all integers of one byte, small ones of wider types, reals from -1 to 1."""
    if kind.kind == "f":
        return random.uniform(-1, 1, shape).astype(kind)
    if kind.kind == "c":
        return (random.uniform(-1, 1, shape) + 1j * random.uniform(-1, 1, shape)).astype(kind)
    if kind.kind == "b":
        return random.randint(0, 2, shape).astype(kind)
    if kind.kind not in "iu":
        raise ValueError(f"no random values for inputs of type {kind}")
    limits = numpy.iinfo(kind)
    low, high = (int(limits.min), int(limits.max)) if kind.itemsize == 1 else (0, 99)
    return random.randint(low, high + 1, shape).astype(kind)


def time_inferences(invoke: Callable[[], None], count: int, least_s: float, most_s: float) -> List[float]:
    """Return the seconds of each inference: at least `count` and for `least_s`, none begun after `most_s`."""
    seconds: List[float] = []
    clock = time.perf_counter
    begin = now = clock()
    while (len(seconds) < count or now - begin < least_s) and now - begin <= most_s and len(seconds) < MOST_INFERENCES:
        start = clock()
        invoke()
        now = clock()
        seconds.append(now - start)
    return seconds


def spread(seconds: Sequence[float]) -> Dict[str, Any]:
    """Return what is to say of inferences, in milliseconds; nothing for none."""
    if not seconds:
        return {"count": 0}
    ordered, count = sorted(seconds), len(seconds)
    mean = sum(ordered) / count
    deviation = (sum((value - mean) ** 2 for value in ordered) / count) ** 0.5
    named = [("mean", mean), ("std", deviation), ("min", ordered[0]), ("max", ordered[-1]), ("first", seconds[0])]
    named += [(name, percentile(ordered, share)) for name, share in (("p5", 0.05), ("median", 0.5), ("p95", 0.95))]
    return {"count": count, **{f"{name}_ms": round(1e3 * value, 6) for name, value in named}}


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return a percentile of sorted values, between two of them if need be."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def peak_kb() -> Optional[int]:
    """Return the most memory that this process had so far, in kB; None if the system does not say."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
    except (OSError, StopIteration, ValueError):
        return None


def write_outputs(interpreter: Any, path: str) -> None:
    """Write the plain bytes of all outputs, one after another."""
    Stage.name = "writing the outputs"
    with open(path, "wb") as file:
        for tensor in interpreter.get_output_details():
            file.write(interpreter.get_tensor(tensor["index"]).tobytes())


def measure(options: argparse.Namespace, found: Dict[str, Any]) -> None:
    """Do what the options say; `found` takes what is seen."""
    Stage.name = "importing " + options.module
    numpy = importlib.import_module("numpy")
    module, experimental, found["runtime_version"] = load_module(options.module)
    found["runtime"] = options.module
    before = peak_kb()
    start = time.perf_counter()
    interpreter, found["xnnpack_allowed"] = make_interpreter(options, module, experimental)
    partitions, found["nodes"] = count_nodes(interpreter)
    Stage.name = "allocating tensors"
    interpreter.allocate_tensors()  # XNNPACK is applied here, after the delegate
    found["initialization_ms"] = round(1e3 * (time.perf_counter() - start), 6)
    if partitions is not None:
        found["partitions"] = partitions
        found["xnnpack_partitions"] = (count_nodes(interpreter)[0] or 0) - partitions
    fill_inputs(interpreter, options.input, numpy)
    gc.disable()
    Stage.name = "the warm-up"
    warmup_s = min(LONGEST_WARMUP_S, options.least)
    found["warmup"] = spread(time_inferences(interpreter.invoke, options.warmup, warmup_s, options.most))
    Stage.name = "the timed inferences"
    found["timed"] = spread(time_inferences(interpreter.invoke, options.runs, options.least, options.most))
    gc.enable()
    after = peak_kb()
    found["memory_mb"] = None if before is None or after is None else round((after - before) / 1024, 3)
    if options.outputs:
        write_outputs(interpreter, options.outputs)


def report(found: Dict[str, Any]) -> None:
    """Print what was found as one line, in one piece: delegates print to the same stream."""
    sys.stdout.flush()
    data = f"\n{BEGIN} {json.dumps(found)} {END}\n".encode("ascii")
    while data:
        data = data[os.write(1, data) :]


def end(number: int, frame: Any) -> None:
    """Turn a signal into an exception."""
    raise Ended(f"ended by signal {number}")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Measure, print the line, and return the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    options = parse_arguments(arguments)
    sys.unraisablehook = lambda _: None  # a delegate that failed to load complains once more when it is deleted
    found: Dict[str, Any] = {"version": 1}
    try:
        measure(options, found)
    except Ended as error:
        found["problem"] = str(error)
    except MemoryError:
        found["problem"] = "not enough memory"
    except Exception as error:  # Whatever runtimes and delegates raise becomes one line.
        found["problem"] = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_PROBLEM]
    if "problem" in found:
        found["stage"] = Stage.name
    report(found)
    return 1 if "problem" in found else 0


if __name__ == "__main__":
    sys.exit(main())
