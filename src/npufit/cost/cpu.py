"""Milliseconds of operators on the CPU: LiteRT's own kernels on a Cortex-A core.

An operator costs a fixed amount for its call, and an amount for each of its multiply-accumulates, values, windows or
bytes. Which operators use several threads, and from which size on, was read in the source: `kDivisorLog2` of ruy's
`trmul.cc` for matrix products, `LegacyHowManyThreads` of `cpu_backend_gemm_custom_gemv.h` for one column, and
`HowManyConvThreads` of `depthwiseconv_multithread.h`. So a small network is no faster on two cores; each helping thread
has to be woken. Constants that do not fit together into the last cache come from DRAM at every inference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from npufit.cost.coefficient import Values
from npufit.cost.cpu_coefficients import CACHE, UNKNOWN
from npufit.cost.demand import Demand
from npufit.cost.prediction import Bound, Cost
from npufit.graph import Family

_RUY_DEPTH = 4
_RUY_COLUMNS = 8
_RUY_DIVISOR_LOG2 = 15
_MACS_OF_A_GEMV_THREAD = 1 << 16
_MACS_OF_A_DEPTHWISE_THREAD = 1 << 13
_FIRST_CACHE_BYTES = 32 << 10
"""The first cache of a Cortex-A53 or A55 in these chips, per core."""

_NS = 1e-6
"""Milliseconds in a nanosecond."""

_MOST_THREADS = 1 << 10

_ALONE = "alone"
_WAKING = "waking"
_MATRIX_THREADS = "convolution_threads"
_WINDOW_THREADS = "depthwise_threads"


@dataclass(frozen=True, slots=True)
class Term:
    """`quantity` times the coefficient called `coefficient`, in nanoseconds.

    `threads` names the coefficient for how well up to `most_threads` threads share the work; `alone` is for work of a
    single thread, `waking` for the cost of each helping thread.
    """

    coefficient: str
    quantity: float
    bound: Bound
    threads: str = _ALONE
    most_threads: int = 1


@dataclass(frozen=True, slots=True)
class Caches:
    """`last_bytes` is the size of the last cache, `cold` the share of a network's constants that it cannot hold."""

    last_bytes: float
    cold: float


def caches_of(demands: Iterable[Demand], values: Values) -> Caches:
    """Return what the caches keep of a network of `demands` between two inferences."""
    constants = sum(max(0, demand.weight_bytes) for demand in demands)
    return Caches(values[CACHE], max(0.0, 1 - values[CACHE] / constants) if constants else 0.0)


def terms_of(demand: Demand, caches: Caches) -> Iterator[Term]:
    """Yield the costs of one operator, as multiples of coefficients."""
    if demand.family is Family.FREE:
        return
    yield Term("operator_ns", 1.0, Bound.OVERHEAD)
    beyond = max(0.0, demand.activation_bytes - caches.last_bytes) + max(0, demand.weight_bytes) * caches.cold
    yield Term("stream_ns_per_byte", beyond, Bound.MEMORY)
    match demand.family:
        case Family.CONVOLUTION | Family.TRANSPOSED:
            yield from _convolution(demand)
        case Family.DEPTHWISE:
            yield from _depthwise(demand)
        case Family.MATRIX | Family.RECURRENT:
            yield from _matrix(demand)
        case _:
            yield _plain(demand)


def _convolution(demand: Demand) -> Iterator[Term]:
    values = max(0, demand.height * demand.width)
    most = _ruy_threads(demand.depth_out, values, demand.patch)
    if demand.is_float:
        yield Term("float_mac_ns", demand.macs, Bound.ARITHMETIC, _MATRIX_THREADS, most)
    elif demand.family is Family.TRANSPOSED:
        yield Term("transposed_ns_per_mac", demand.macs, Bound.ARITHMETIC, _MATRIX_THREADS, most)
    else:
        padded = _up(demand.patch, _RUY_DEPTH) * _up(demand.depth_out, _RUY_COLUMNS) * values
        macs = max(demand.macs, padded)
        yield Term("convolution_ns_per_mac", macs, Bound.ARITHMETIC, _MATRIX_THREADS, most)
    yield Term("output_ns", demand.outputs, Bound.ARITHMETIC, _MATRIX_THREADS, most)
    if demand.kernel_height * demand.kernel_width > 1 or demand.stride > 1:
        yield Term("patch_ns_per_byte", values * demand.patch, Bound.MEMORY)
        yield Term("patch_row_ns", values * demand.kernel_height, Bound.MEMORY)
    yield Term("input_ns_per_byte", values * demand.patch, Bound.MEMORY, _MATRIX_THREADS, most)
    yield Term("weight_ns_per_byte", demand.weight_bytes, Bound.MEMORY, _MATRIX_THREADS, most)
    yield Term("wake_ns", 1.0, Bound.OVERHEAD, _WAKING, most)


def _depthwise(demand: Demand) -> Iterator[Term]:
    most = max(1, demand.macs // _MACS_OF_A_DEPTHWISE_THREAD)
    kind = "uint8_depthwise_ns_per_mac" if demand.is_unsigned else "depthwise_ns_per_mac"
    yield Term("float_mac_ns" if demand.is_float else kind, demand.macs, Bound.ARITHMETIC, _WINDOW_THREADS, most)
    steps = demand.macs / max(1, demand.depth_out)
    yield Term("depthwise_step_ns", steps, Bound.ARITHMETIC, _WINDOW_THREADS, most)
    yield Term("output_ns", demand.outputs, Bound.ARITHMETIC, _WINDOW_THREADS, most)
    beyond = max(0, demand.activation_bytes - _FIRST_CACHE_BYTES)
    yield Term("depthwise_ns_per_byte", beyond, Bound.MEMORY)
    yield Term("wake_ns", 1.0, Bound.OVERHEAD, _WAKING, most)


def _matrix(demand: Demand) -> Iterator[Term]:
    if demand.family is Family.MATRIX:
        most = max(1, demand.macs // _MACS_OF_A_GEMV_THREAD)
        kind = "weight_ns_per_byte" if demand.type == "FULLY_CONNECTED" else "product_ns_per_mac"
    else:
        most, kind = 1, "product_ns_per_mac"
    yield Term(kind, max(demand.weight_bytes, demand.macs), Bound.MEMORY, _MATRIX_THREADS, most)
    yield Term("output_ns", demand.outputs, Bound.ARITHMETIC, _MATRIX_THREADS, most)
    yield Term("wake_ns", 1.0, Bound.OVERHEAD, _WAKING, most)


def _plain(demand: Demand) -> Term:
    """Return the cost of an operator, besides its call, that runs on one thread."""
    arithmetic = Bound.ARITHMETIC
    match demand.family:
        case Family.POOLING:
            return Term("pool_ns", demand.outputs * demand.patch, arithmetic)
        case Family.REDUCTION:
            return Term("reduction_ns", demand.inputs, arithmetic)
        case Family.ELEMENTWISE:
            kind = "float_elementwise_ns" if demand.is_float else _SLOW.get(demand.type, "elementwise_ns")
            return Term(kind, demand.outputs, arithmetic)
        case Family.TRANSPOSE:
            return Term("transpose_ns", demand.outputs, Bound.MEMORY)
        case Family.MOVEMENT:
            return Term("move_ns_per_byte", demand.outputs * demand.element_bytes, Bound.MEMORY)
        case Family.DETECTION:
            return Term("detection_ns", demand.inputs, arithmetic)
        case family if family in _PER_OUTPUT:
            return Term(_PER_OUTPUT[family], demand.outputs, arithmetic)
        case _:
            # All that it reads may count: a custom operator can be a whole network.
            return Term(UNKNOWN, max(demand.inputs, demand.outputs, demand.weight_bytes), arithmetic)


_SLOW = {"LEAKY_RELU": "leaky_relu_ns", "PRELU": "prelu_ns"}
"""Elementwise operators on integers that have only reference kernels."""

_PER_OUTPUT = {
    Family.LOOKUP: "lookup_ns",
    Family.SOFTMAX: "softmax_ns",
    Family.RESIZE: "resize_ns",
    Family.CONVERSION: "conversion_ns",
}


def _ruy_threads(rows: int, columns: int, depth: int) -> int:
    """Return the most threads that ruy uses for a product: one per 2^15 multiply-accumulates, sizes rounded up."""
    logarithm = sum(max(0, max(1, size) - 1).bit_length() for size in (rows, columns, depth))
    return min(_MOST_THREADS, 1 << max(0, min(30, logarithm - _RUY_DIVISOR_LOG2)))


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def cpu_cost(demand: Demand, values: Values, threads: int, caches: Caches) -> Cost:
    """Return the cost of one operator on `threads` cores, with the coefficients in `values`."""
    parts = dict.fromkeys(Bound, 0.0)
    for term in terms_of(demand, caches):
        parts[term.bound] += _ns(term, values, threads) * _NS
    return Cost(sum(parts.values()), parts[Bound.ARITHMETIC], parts[Bound.MEMORY], parts[Bound.OVERHEAD])


def _ns(term: Term, values: Values, threads: int) -> float:
    helpers = min(threads, term.most_threads) - 1
    time = term.quantity * values[term.coefficient]
    if term.threads == _ALONE:
        return time
    return time * helpers if term.threads == _WAKING else time / (1 + helpers * values[term.threads])


def total_terms(demands: Sequence[Demand], caches: Caches, threads: int) -> tuple[Term, ...]:
    """Return the terms of operators on `threads` threads with equal ones added up, which is all that a total needs."""
    sums: dict[tuple[str, Bound, str, int], float] = {}
    for demand in demands:
        for term in terms_of(demand, caches):
            key = term.coefficient, term.bound, term.threads, min(threads, term.most_threads)
            sums[key] = sums.get(key, 0.0) + term.quantity
    return tuple(Term(name, quantity, bound, how, most) for (name, bound, how, most), quantity in sums.items())


def total_ms(terms: Iterable[Term], values: Values, threads: int) -> float:
    """Return the milliseconds of `terms` on `threads` cores."""
    return sum(_ns(term, values, threads) for term in terms) * _NS


def elasticities(terms: Sequence[Term], values: Values, threads: int) -> dict[str, float]:
    """Return by how many percent the time of `terms` grows for one percent of each coefficient."""
    total = total_ms(terms, values, threads) / _NS
    found: dict[str, float] = {}
    if not total > 0:
        return found
    for term in terms:
        time = _ns(term, values, threads) / total
        found[term.coefficient] = found.get(term.coefficient, 0.0) + time
        if term.threads in values:
            shared = (min(threads, term.most_threads) - 1) * values[term.threads]
            found[term.threads] = found.get(term.threads, 0.0) - time * shared / (1 + shared)
    return found
