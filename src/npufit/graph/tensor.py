"""Tensors and the buffers that hold the constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from npufit.graph.element import ElementType
from npufit.graph.quantization import NOT_QUANTIZED, Quantization


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """Bytes of a constant. Tensors with the same `Buffer` object share it in the file.

    `external` says that the bytes lie after the flatbuffer, as in files above 2 GiB. `stored_empty` says that the file
    stores zero bytes instead of nothing: LiteRT takes the former for a constant of size zero.
    """

    data: memoryview | bytes = b""
    external: bool = False
    stored_empty: bool = False

    @property
    def size_bytes(self) -> int:
        """Number of bytes; 0 for a tensor that is computed at run time."""
        return len(self.data)


NO_BUFFER = Buffer()
"""The buffer of tensors that have no constant data (buffer 0 of every file)."""


@dataclass(frozen=True, slots=True)
class SparseDimension:
    """One level of a sparse tensor's storage."""

    is_sparse: bool
    dense_size: int
    segments_type: int = 0
    segments: tuple[int, ...] = ()
    indices_type: int = 0
    indices: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sparsity:
    """How the non-zero elements of a sparse constant are stored."""

    traversal_order: tuple[int, ...]
    block_map: tuple[int, ...]
    dimensions: tuple[SparseDimension, ...]


@dataclass(frozen=True, slots=True)
class VariantTensor:
    """Shape and type of the content of a variant tensor (a tensor list)."""

    shape: tuple[int, ...]
    element: ElementType
    has_rank: bool


@dataclass(frozen=True, slots=True)
class ExternalData:
    """Constant data in a separate file, with a packing that only its reader knows."""

    id: int
    group: int
    offset: int
    length: int
    packing: str | None


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a subgraph.

    `shape` is what the interpreter allocates; `shape_signature` has -1 for dynamic sizes. `shape` is None if the file
    gives none (`npufit.graph.infer_shapes` fills it in if possible, and the reader marks it as `shape_is_inferred`: a
    delegate that decides before preparation sees only the file's shapes).
    """

    name: str
    shape: tuple[int, ...] | None
    element: ElementType
    quantization: Quantization = NOT_QUANTIZED
    buffer: Buffer = NO_BUFFER
    is_variable: bool = False
    shape_signature: tuple[int, ...] | None = None
    has_rank: bool = False
    sparsity: Sparsity | None = None
    variant_tensors: tuple[VariantTensor, ...] = ()
    external_data: ExternalData | None = field(default=None)
    shape_is_inferred: bool = False

    @property
    def is_constant(self) -> bool:
        """True if the file stores the values."""
        return self.buffer.size_bytes > 0 or self.external_data is not None

    @property
    def is_dynamic(self) -> bool:
        """True if a dimension is known only at run time."""
        return self.shape_signature is not None and any(size < 0 for size in self.shape_signature)

    @property
    def element_count(self) -> int:
        """Number of elements; 1 for a scalar, 0 if the shape is unknown."""
        return 0 if self.shape is None else prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes of all elements, rounded up to whole bytes; 0 if shape or width is unknown."""
        return (self.element_count * self.element.bits + 7) // 8
