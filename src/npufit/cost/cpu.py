"""Milliseconds of operators on the CPU: LiteRT's kernels on a Cortex-A core.

An operator costs a fixed amount for its call, and an amount for each of its multiply-accumulates, values or bytes. The
kernels that LiteRT runs on several threads are the convolutions; everything else runs on one, and memory is shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.demand import Demand, Family
from npufit.cost.prediction import Bound, Cost

_RUY_DEPTH = 4
_RUY_COLUMNS = 8
CACHE = "cache_bytes"
CORES = "cores"
"""The size of the last cache and the number of cores stand among a CPU's values; they are the chip profile's."""

_NS = 1e-6
"""Milliseconds of a nanosecond."""


@dataclass(frozen=True, slots=True)
class Term:
    """`quantity` times the coefficient called `coefficient`, in nanoseconds; shared by threads where `threads` names
    the coefficient that says how well."""

    coefficient: str
    quantity: float
    bound: Bound
    threads: str | None = None


def terms_of(demand: Demand, cache_bytes: float) -> Iterator[Term]:
    """Yield what one operator costs, as multiples of coefficients, on a CPU whose last cache has `cache_bytes`."""
    if demand.family is not Family.FREE:
        yield Term("operator_ns", 1.0, Bound.OVERHEAD)
        yield Term("stream_ns_per_byte", max(0.0, demand.activation_bytes - cache_bytes), Bound.MEMORY)
    real = "float_" if demand.is_float else ""
    match demand.family:
        case Family.CONVOLUTION | Family.TRANSPOSED:
            yield from _convolution(demand)
        case Family.DEPTHWISE:
            kind = "uint8_depthwise_ns_per_mac" if demand.is_unsigned else "depthwise_ns_per_mac"
            yield Term(kind, demand.macs, Bound.ARITHMETIC, "depthwise_threads")
            yield Term("output_ns", demand.outputs, Bound.ARITHMETIC, "depthwise_threads")
        case Family.MATRIX | Family.RECURRENT:
            yield Term("weight_ns_per_byte", max(demand.weight_bytes, demand.macs), Bound.MEMORY)
            yield Term("output_ns", demand.outputs, Bound.ARITHMETIC)
        case Family.POOLING:
            yield Term("pool_ns", demand.outputs * demand.patch, Bound.ARITHMETIC)
        case Family.REDUCTION:
            yield Term("reduction_ns", demand.inputs, Bound.ARITHMETIC)
        case Family.ELEMENTWISE:
            yield Term(f"{real}elementwise_ns", demand.outputs, Bound.ARITHMETIC)
        case Family.LOOKUP:
            yield Term("lookup_ns", demand.outputs, Bound.ARITHMETIC)
        case Family.SOFTMAX:
            yield Term("softmax_ns", demand.outputs, Bound.ARITHMETIC)
        case Family.RESIZE:
            yield Term("resize_ns", demand.outputs, Bound.ARITHMETIC)
        case Family.CONVERSION:
            yield Term("conversion_ns", demand.outputs, Bound.ARITHMETIC)
        case Family.TRANSPOSE:
            yield Term("transpose_ns", demand.outputs, Bound.MEMORY)
        case Family.MOVEMENT:
            yield Term("move_ns_per_byte", demand.outputs * demand.element_bytes, Bound.MEMORY)
        case Family.DETECTION:
            yield Term("detection_ns", demand.inputs, Bound.ARITHMETIC)
        case Family.OTHER:
            yield Term("elementwise_ns", demand.outputs, Bound.ARITHMETIC)
        case Family.FREE:
            return


def _convolution(demand: Demand) -> Iterator[Term]:
    values = demand.height * demand.width
    depth = -(-demand.patch // _RUY_DEPTH) * _RUY_DEPTH
    columns = -(-demand.depth_out // _RUY_COLUMNS) * _RUY_COLUMNS
    macs = max(demand.macs, values * depth * columns) if demand.family is Family.CONVOLUTION else demand.macs
    yield Term("convolution_ns_per_mac", macs, Bound.ARITHMETIC, "convolution_threads")
    yield Term("output_ns", demand.outputs, Bound.ARITHMETIC, "convolution_threads")
    if demand.kernel_height * demand.kernel_width > 1 or demand.stride > 1:
        yield Term("patch_ns_per_byte", values * demand.patch, Bound.MEMORY)
    yield Term("input_ns_per_byte", values * demand.depth_in, Bound.MEMORY, "convolution_threads")
    yield Term("weight_ns_per_byte", demand.weight_bytes, Bound.MEMORY)


def cpu_cost(demand: Demand, values: Values, threads: int) -> Cost:
    """Return what one operator takes on `threads` cores, with the coefficients in `values`."""
    parts = dict.fromkeys(Bound, 0.0)
    for term in terms_of(demand, values[CACHE]):
        parts[term.bound] += _ns(term, values, threads) * _NS
    return Cost(sum(parts.values()), parts[Bound.ARITHMETIC], parts[Bound.MEMORY], parts[Bound.OVERHEAD])


def _ns(term: Term, values: Values, threads: int) -> float:
    cores = 1.0 if term.threads is None else 1 + (threads - 1) * values[term.threads]
    return term.quantity * values[term.coefficient] / cores


def total_terms(demands: Iterable[Demand], cache_bytes: float) -> tuple[Term, ...]:
    """Return the terms of all operators with equal ones added up, which is all that a total needs."""
    sums: dict[tuple[str, Bound, str | None], float] = {}
    for demand in demands:
        for term in terms_of(demand, cache_bytes):
            key = term.coefficient, term.bound, term.threads
            sums[key] = sums.get(key, 0.0) + term.quantity
    return tuple(Term(name, quantity, bound, threads) for (name, bound, threads), quantity in sums.items())


def total_ms(terms: Iterable[Term], values: Values, threads: int) -> float:
    """Return the milliseconds of `terms` on `threads` cores."""
    return sum(_ns(term, values, threads) for term in terms) * _NS


_USUAL = "order of magnitude of LiteRT's kernels at 1.7 to 1.8 GHz"
_PROFILED = "duydev294/IMX95_benchmark, profile of YOLOv8n-pose on i.MX95"

_TABLE = (
    ("convolution_ns_per_mac", "ns/MAC", "one multiply-accumulate of a matrix product", 0.06, 1.5, _USUAL),
    ("depthwise_ns_per_mac", "ns/MAC", "one multiply-accumulate of a depthwise convolution", 1.2, 1.6, _USUAL),
    ("uint8_depthwise_ns_per_mac", "ns/MAC", "the same for uint8, which has kernels of its own", 1.0, 1.6, _USUAL),
    ("output_ns", "ns/value", "scaling and storing one output of a convolution", 1.3, 1.6, _USUAL),
    ("patch_ns_per_byte", "ns/byte", "copying the windows of a convolution side by side", 0.3, 2.0, _USUAL),
    ("input_ns_per_byte", "ns/byte", "packing the input of a matrix product", 0.3, 2.0, _USUAL),
    ("stream_ns_per_byte", "ns/byte", "one byte of activations that the last cache cannot hold", 0.5, 2.0, _USUAL),
    ("weight_ns_per_byte", "ns/byte", "reading constants that are used once", 0.45, 1.5, _USUAL),
    ("pool_ns", "ns/value", "one value of a pooling window", 0.5, 2.0, _USUAL),
    ("reduction_ns", "ns/value", "one value that is summed", 2.0, 2.0, _USUAL),
    ("elementwise_ns", "ns/value", "one result of integer ADD, MUL and their like", 5.0, 2.0, _USUAL),
    ("float_elementwise_ns", "ns/value", "one result of real ADD, MUL and their like", 1.5, 2.0, _USUAL),
    ("lookup_ns", "ns/value", "one function of a value", 3.0, 2.0, _USUAL),
    ("softmax_ns", "ns/value", "one value of SOFTMAX", 18.0, 2.0, f"{_PROFILED}: 9.74 ms for 537600 values"),
    ("resize_ns", "ns/value", "one interpolated value: four products, in a plain kernel", 20.0, 3.0, _USUAL),
    ("conversion_ns", "ns/value", "one value quantized or dequantized", 2.0, 2.0, _USUAL),
    ("transpose_ns", "ns/value", "one value that is transposed", 5.6, 2.0, f"{_PROFILED}: 6.87 ms for 3x640x640"),
    ("move_ns_per_byte", "ns/byte", "one byte that is copied", 0.5, 2.0, _USUAL),
    ("detection_ns", "ns/value", "one value that box decoding and suppression read", 15.0, 3.0, _USUAL),
    ("operator_ns", "ns", "calling one operator", 2500.0, 1.5, _USUAL),
    ("convolution_threads", "1", "what each further core adds to matrix products", 0.85, 1.15, _USUAL),
    ("depthwise_threads", "1", "what each further core adds to depthwise convolutions", 0.8, 1.15, _USUAL),
)

_WITHOUT_DOT_PRODUCT = {"convolution_ns_per_mac": 0.2, "depthwise_ns_per_mac": 1.8, "uint8_depthwise_ns_per_mac": 1.5}
"""What one expects of a Cortex-A53, which multiplies bytes without the dot-product instructions of the A55."""


def is_time(name: str) -> bool:
    """Return True for coefficients that are times, which a clock scales."""
    return name not in (CACHE, CORES) and not name.endswith("_threads")


def coefficients(*, has_dot_product: bool) -> tuple[Coefficient, ...]:
    """Return the coefficients of a core, with what one expects of them before measuring."""
    other = {} if has_dot_product else _WITHOUT_DOT_PRODUCT
    return tuple(
        Coefficient(name, unit, meaning, other.get(name, prior), spread, source)
        for name, unit, meaning, prior, spread, source in _TABLE
    )
