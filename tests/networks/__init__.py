"""Test networks: one builder, and the networks that tests of several rooms share.

`Network` builds any network operator by operator. `networks.chains` has rows of operators, `networks.one_operator`
subgraphs around given tensors, `networks.operators` a model of each operator that no file at hand has,
`networks.random_chains` random networks, and `networks.schema_files` files below the level of models.
"""

from networks.elements import (
    BOOL,
    FLOAT16,
    FLOAT32,
    HALF,
    INT8,
    INT16,
    INT32,
    INT64,
    SIX,
    UINT8,
    quantized,
)
from networks.network import Network

__all__ = [
    "BOOL", "FLOAT16", "FLOAT32", "HALF", "INT8", "INT16", "INT32", "INT64", "SIX", "UINT8", "Network", "quantized",
]  # fmt: skip
