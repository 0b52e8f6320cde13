"""A program that runs a bundle with the C library; parts for the CPU are run by LiteRT's reference kernels.

    c_library_in_python.py LIBRARY BUNDLE REPEAT

Prints how a second answer to zeros, and one after a reset, compare with the first one; then each verification case, and
how many of REPEAT further inferences gave the same outputs as the last case.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

Pointer = ctypes.c_void_p


class Error(ctypes.Structure):
    _fields_ = (("code", ctypes.c_int), ("system_errno", ctypes.c_int), ("message", ctypes.c_char * 640))


class Tensor(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("type_name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("rank", ctypes.c_size_t),
        ("shape", ctypes.POINTER(ctypes.c_size_t)),
        ("bytes", ctypes.c_size_t),
        ("scale_count", ctypes.c_size_t),
        ("scales", ctypes.POINTER(ctypes.c_double)),
        ("zero_points", ctypes.POINTER(ctypes.c_int64)),
        ("axis", ctypes.c_size_t),
        ("data", Pointer),
    )


class CpuStep(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_size_t),
        ("path", ctypes.c_char_p),
        ("input_count", ctypes.c_size_t),
        ("inputs", ctypes.POINTER(ctypes.POINTER(Tensor))),
        ("output_count", ctypes.c_size_t),
        ("outputs", ctypes.POINTER(ctypes.POINTER(Tensor))),
    )


CpuFunction = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, ctypes.POINTER(CpuStep))
ResetFunction = ctypes.CFUNCTYPE(None, Pointer)


class Options(ctypes.Structure):
    _fields_ = (
        ("node", ctypes.c_char_p),
        ("timeout_ms", ctypes.c_uint32),
        ("run_cpu", CpuFunction),
        ("reset_cpu", ResetFunction),
        ("user", Pointer),
    )


class Verification(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("golden", ctypes.c_char_p),
        ("values", ctypes.c_size_t),
        ("different_values", ctypes.c_size_t),
        ("first_different", ctypes.POINTER(Tensor)),
        ("first_step", ctypes.c_size_t),
    )


def _bytes(tensor: Any) -> bytearray:
    """Return a view of the tensor's data."""
    return (ctypes.c_char * tensor.bytes).from_address(tensor.data)


def _litert() -> Callable[[Any, Any], int]:
    """Return a function that runs a CPU step; each file is loaded once."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType  # pyright: ignore[reportMissingTypeStubs]

    loaded: dict[int, Any] = {}

    def run(_user: Any, pointer: Any) -> int:
        step = pointer.contents
        if step.index not in loaded:
            path = step.path.decode()
            loaded[step.index] = Interpreter(path, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
            loaded[step.index].allocate_tensors()
        interpreter = loaded[step.index]
        for place, detail in enumerate(interpreter.get_input_details()):
            data = np.frombuffer(_bytes(step.inputs[place].contents), detail["dtype"])
            interpreter.set_tensor(detail["index"], data.reshape(detail["shape"]))
        interpreter.invoke()
        for place, detail in enumerate(interpreter.get_output_details()):
            _bytes(step.outputs[place].contents)[:] = interpreter.get_tensor(detail["index"]).tobytes()
        return 0

    return run


def _compared(first: bytes, second: bytes) -> str:
    return "equal" if first == second else "different"


def main(library: str, bundle: str, repeat: int) -> int:
    """Return 0 if every case and every repetition is right, 1 if not. Exits with the message of an error."""
    direct = ctypes.CDLL(library)
    direct.ethosu_direct_output.restype = ctypes.POINTER(Tensor)
    direct.ethosu_direct_case_count.restype = direct.ethosu_direct_output_count.restype = ctypes.c_size_t
    error, model, result = Error(), Pointer(), Verification()
    callback = CpuFunction(_litert())

    def require(code: int) -> None:
        if code:
            sys.exit(f"error {code}: {error.message.decode()}")

    resets: list[Any] = []
    reset = ResetFunction(resets.append)
    options = Options(None, 0, callback, reset, None)
    require(direct.ethosu_direct_open(bundle.encode(), ctypes.byref(options), ctypes.byref(model), ctypes.byref(error)))
    outputs = [
        direct.ethosu_direct_output(model, place).contents for place in range(direct.ethosu_direct_output_count(model))
    ]

    def answer() -> bytes:
        require(direct.ethosu_direct_run(model, ctypes.byref(error)))
        return b"".join(bytes(_bytes(tensor)) for tensor in outputs)

    first, second = answer(), answer()
    require(direct.ethosu_direct_reset(model, ctypes.byref(error)))
    sys.stdout.write(f"zeros: then {_compared(first, second)}, after a reset {_compared(first, answer())}\n")
    different = 0
    for case in range(direct.ethosu_direct_case_count(model)):
        require(direct.ethosu_direct_verify(model, case, ctypes.byref(result), ctypes.byref(error)))
        sys.stdout.write(f"{result.name.decode()}: {result.different_values} of {result.values} values differ\n")
        if result.first_different:
            sys.stdout.write(f"first: step {result.first_step}, {result.first_different.contents.name.decode()}\n")
            different += 1
    right = b"".join(bytes(_bytes(tensor)) for tensor in outputs)
    same = 0
    for _ in range(repeat):
        require(direct.ethosu_direct_reset(model, ctypes.byref(error)))
        same += right == answer()
    sys.stdout.write(f"{same} of {repeat} repetitions are equal\n")
    sys.stdout.write(f"{len(resets)} resets\n")
    direct.ethosu_direct_close(model)
    return int(different > 0 or same < repeat)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
