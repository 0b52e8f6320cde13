"""What a limit on bytes means for sizes, so that a reader need not compute it."""

from __future__ import annotations

_INPUT, _OUTPUT = "h*w*c", "ofm_h*ofm_w*ofm_c"

_SIZES = {
    "ifm_bytes": (_INPUT,),
    "ofm_bytes": (_OUTPUT,),
    "activation_bytes": (_INPUT, _OUTPUT),
    "tensor_bytes": (_INPUT, _OUTPUT, "weights_bytes"),
    "io_bytes": (_INPUT, _OUTPUT),
    "working_set_bytes": (_INPUT, _OUTPUT, "weights_bytes"),
}


def implied_limits(quantity: str) -> tuple[str, ...]:
    """Return the quantities that an upper limit on `quantity` bounds too, at one byte per element."""
    return _SIZES.get(quantity, ())
