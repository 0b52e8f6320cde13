"""The arithmetic and memory traffic of an operator."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.graph.model import Operator, Subgraph
from npufit.graph.operator_types import Kind, operator_type
from npufit.graph.operator_types.macs import Operands, UnknownMacsError
from npufit.graph.tensor import Tensor


@dataclass(frozen=True, slots=True)
class Work:
    """Multiply-accumulates of one operator, and the bytes of the tensors that it reads and writes once.

    `macs` is 0 if `macs_known` is False.
    """

    macs: int
    bytes_read: int
    bytes_written: int
    macs_known: bool = True


def measure_work(subgraph: Subgraph, operator: Operator) -> Work:
    """Return the work of `operator` in `subgraph`.

    `macs` counts multiply-accumulates of convolutions, matrix products and recurrent cells (the table of
    operator types names the formulas), without padding skipped at borders. Bytes count each operand once, constants
    included.
    """
    macs = count_macs(subgraph, operator)
    return Work(
        macs=macs or 0,
        bytes_read=sum(_stored_bytes(tensor) for tensor in subgraph.input_tensors(operator)),
        bytes_written=sum(tensor.size_bytes for tensor in subgraph.output_tensors(operator)),
        macs_known=macs is not None,
    )


def count_macs(subgraph: Subgraph, operator: Operator) -> int | None:
    """Return the multiply-accumulates of `operator` in `subgraph`; None if unknown.

    They are unknown for custom operators that the table does not name, and if an operand is missing or has no shape. A
    dimension known only at run time counts as in `Tensor.shape`, which is what the interpreter allocates.
    """
    row = operator_type(operator)
    if row.macs is None:
        return None if row.kind is Kind.OUTSIDE else 0
    try:
        return row.macs(Operands(subgraph, operator))
    except UnknownMacsError:
        return None


def _stored_bytes(tensor: Tensor) -> int:
    return tensor.buffer.size_bytes or tensor.size_bytes
