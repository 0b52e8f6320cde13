"""The coefficients of a CPU: what each means, and the value expected before measuring."""

from __future__ import annotations

from npufit.cost.coefficient import Coefficient

CACHE = "cache_bytes"
CORES = "cores"
"""The size of the last cache and the number of cores are among a CPU's values; they come from the chip profile."""

UNKNOWN = "unknown_ns"
"""The coefficient of operators without cost data."""

_USUAL = "order of magnitude of LiteRT's kernels at 1.7 to 1.8 GHz"
_REFERENCE = "LiteRT has only its reference kernel for it: two fixed-point products and branches for each value"
_NO_ROW = "order of magnitude; no measured network has it"
_PROFILED = "duydev294/IMX95_benchmark, profile of YOLOv8n-pose on i.MX95"

_TABLE = (
    ("convolution_ns_per_mac", "ns/MAC", "one multiply-accumulate of a matrix product", 0.06, 1.5, _USUAL),
    ("depthwise_ns_per_mac", "ns/MAC", "one multiply-accumulate of a depthwise convolution", 1.2, 1.6, _USUAL),
    ("uint8_depthwise_ns_per_mac", "ns/MAC", "the same for uint8, which has separate kernels", 1.0, 1.6, _USUAL),
    ("output_ns", "ns/value", "scaling and storing one output of a convolution", 1.3, 1.6, _USUAL),
    ("patch_ns_per_byte", "ns/byte", "copying the windows of a convolution side by side", 0.3, 2.0, _USUAL),
    ("input_ns_per_byte", "ns/byte", "packing the input of a matrix product", 0.3, 2.0, _USUAL),
    (
        "stream_ns_per_byte",
        "ns/byte",
        "one byte of activations or constants that does not fit into the last cache",
        0.5,
        2.0,
        _USUAL,
    ),
    ("weight_ns_per_byte", "ns/byte", "reading constants that are used once", 0.45, 1.5, _USUAL),
    ("patch_row_ns", "ns/row", "copying one row of a window, whatever its length", 20.0, 2.0, _USUAL),
    (
        "depthwise_step_ns",
        "ns/step",
        "one element of the kernel at one position, whatever the channels",
        4.0,
        2.0,
        _USUAL,
    ),
    (
        "depthwise_ns_per_byte",
        "ns/byte",
        "one byte of a depthwise convolution that does not fit into the first cache",
        0.5,
        2.0,
        _USUAL,
    ),
    ("pool_ns", "ns/value", "one value of a pooling window", 0.5, 2.0, _USUAL),
    ("reduction_ns", "ns/value", "one value that is summed", 2.0, 2.0, _USUAL),
    ("elementwise_ns", "ns/value", "one result of integer ADD, MUL and similar", 5.0, 2.0, _USUAL),
    ("float_elementwise_ns", "ns/value", "one result of floating-point ADD, MUL and similar", 1.5, 2.0, _USUAL),
    ("leaky_relu_ns", "ns/value", "one result of integer LEAKY_RELU", 15.0, 2.0, _REFERENCE),
    ("prelu_ns", "ns/value", "one result of integer PRELU, which is broadcast by index", 30.0, 2.5, _REFERENCE),
    ("lookup_ns", "ns/value", "one function of a value", 3.0, 2.0, _USUAL),
    ("softmax_ns", "ns/value", "one value of SOFTMAX", 18.0, 2.0, f"{_PROFILED}: 9.74 ms for 537600 values"),
    ("resize_ns", "ns/value", "one interpolated value: four products, in a plain kernel", 20.0, 3.0, _USUAL),
    ("conversion_ns", "ns/value", "one value quantized or dequantized", 2.0, 2.0, _USUAL),
    ("transpose_ns", "ns/value", "one value that is transposed", 5.6, 2.0, f"{_PROFILED}: 6.87 ms for 3x640x640"),
    ("move_ns_per_byte", "ns/byte", "one byte that is copied", 0.5, 2.0, _USUAL),
    ("detection_ns", "ns/value", "one value read by box decoding and suppression", 15.0, 3.0, _USUAL),
    ("operator_ns", "ns", "calling one operator", 2500.0, 1.5, _USUAL),
    ("wake_ns", "ns", "waking one more thread for an operator, and waiting for it", 3000.0, 2.0, _USUAL),
    ("float_mac_ns", "ns/MAC", "one floating-point multiply-accumulate", 0.35, 2.0, _NO_ROW),
    ("transposed_ns_per_mac", "ns/MAC", "one multiply-accumulate of a transposed convolution", 0.15, 3.0, _NO_ROW),
    (
        "product_ns_per_mac",
        "ns/MAC",
        "one multiply-accumulate of two activations or of a recurrent network",
        0.5,
        3.0,
        _NO_ROW,
    ),
    (UNKNOWN, "ns/value", "one result of an operator without cost data, estimated as ADD", 5.0, 5.0, _NO_ROW),
    ("convolution_threads", "1", "what each additional core contributes to matrix products", 0.85, 1.15, _USUAL),
    ("depthwise_threads", "1", "what each additional core contributes to depthwise convolutions", 0.8, 1.15, _USUAL),
)

_WITHOUT_DOT_PRODUCT = {
    "convolution_ns_per_mac": 0.2,
    "transposed_ns_per_mac": 0.4,
    "depthwise_ns_per_mac": 1.8,
    "uint8_depthwise_ns_per_mac": 1.5,
}
"""Expected values for a Cortex-A53, which multiplies bytes without the dot-product instructions of the A55."""


def is_time(name: str) -> bool:
    """Return True for coefficients that are times, which a clock scales."""
    return name not in (CACHE, CORES) and not name.endswith("_threads")


def coefficients(*, has_dot_product: bool) -> tuple[Coefficient, ...]:
    """Return the coefficients of a core, with the values expected before measuring."""
    other = {} if has_dot_product else _WITHOUT_DOT_PRODUCT
    return tuple(
        Coefficient(name, unit, meaning, other.get(name, prior), spread, source)
        for name, unit, meaning, prior, spread, source in _TABLE
    )
