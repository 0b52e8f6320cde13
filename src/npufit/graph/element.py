"""The element types of TFLite tensors, with their widths."""

from __future__ import annotations

from enum import StrEnum


class ElementType(StrEnum):
    """A TFLite element type; the value is its name in the schema, in lower case."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    INT32 = "int32"
    UINT8 = "uint8"
    INT64 = "int64"
    STRING = "string"
    BOOL = "bool"
    INT16 = "int16"
    COMPLEX64 = "complex64"
    INT8 = "int8"
    FLOAT64 = "float64"
    COMPLEX128 = "complex128"
    UINT64 = "uint64"
    RESOURCE = "resource"
    VARIANT = "variant"
    UINT32 = "uint32"
    UINT16 = "uint16"
    INT4 = "int4"
    BFLOAT16 = "bfloat16"
    INT2 = "int2"
    UINT4 = "uint4"
    FLOAT8_E4M3FN = "float8_e4m3fn"
    FLOAT8_E5M2 = "float8_e5m2"

    @property
    def bits(self) -> int:
        """Width of one element in bits; 0 if elements have no fixed width (string, resource, variant)."""
        return _BITS[self]

    @property
    def is_float(self) -> bool:
        """True for every floating-point type."""
        return "float" in self.value

    @property
    def is_8_bit(self) -> bool:
        """True for int8 and uint8, the types in which this project's NPUs compute."""
        return self in (ElementType.INT8, ElementType.UINT8)

    @property
    def integer_range(self) -> tuple[int, int]:
        """Lowest and highest value of an integer type; raises ValueError for the others."""
        name = self.value
        if name.startswith("uint"):
            return 0, (1 << self.bits) - 1
        if name.startswith("int"):
            return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        raise ValueError(f"{name} is not an integer type")


_BITS = {
    ElementType.FLOAT32: 32,
    ElementType.FLOAT16: 16,
    ElementType.INT32: 32,
    ElementType.UINT8: 8,
    ElementType.INT64: 64,
    ElementType.STRING: 0,
    ElementType.BOOL: 8,
    ElementType.INT16: 16,
    ElementType.COMPLEX64: 64,
    ElementType.INT8: 8,
    ElementType.FLOAT64: 64,
    ElementType.COMPLEX128: 128,
    ElementType.UINT64: 64,
    ElementType.RESOURCE: 0,
    ElementType.VARIANT: 0,
    ElementType.UINT32: 32,
    ElementType.UINT16: 16,
    ElementType.INT4: 4,
    ElementType.BFLOAT16: 16,
    ElementType.INT2: 2,
    ElementType.UINT4: 4,
    ElementType.FLOAT8_E4M3FN: 8,
    ElementType.FLOAT8_E5M2: 8,
}
