"""Decodes compressed weights in its own process, run as a script, because the codec ends its process on bad input.

Standard input: for every stream its length (4 bytes, little-endian) and its bytes. Standard output: for every stream
its number of weights (4 bytes) and the weights (16 bits each). It imports nothing from npufit, to start quickly.
"""

from __future__ import annotations

import os
import sys
from array import array

_LENGTH_BYTES = 4


def _main() -> None:
    from ethosu import mlw_codec  # pyright: ignore[reportMissingTypeStubs]

    # The codec prints what it does not like to standard output.
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    streams = sys.stdin.buffer
    while header := streams.read(_LENGTH_BYTES):
        encoded = bytearray(streams.read(int.from_bytes(header, "little")))
        weights = array("h", mlw_codec.decode(encoded))  # pyright: ignore
        if sys.byteorder == "big":
            weights.byteswap()
        results.write(len(weights).to_bytes(_LENGTH_BYTES, "little"))
        results.write(weights.tobytes())
        results.flush()


if __name__ == "__main__":
    _main()
