"""The structs that calls exchange, written as classes with the fields' sizes as annotations."""

from __future__ import annotations

import ctypes
from typing import Annotated, TypeVar, get_type_hints

U8 = Annotated[int, ctypes.c_uint8]
U16 = Annotated[int, ctypes.c_uint16]
U32 = Annotated[int, ctypes.c_uint32]
U64 = Annotated[int, ctypes.c_uint64]
S64 = Annotated[int, ctypes.c_int64]


class Struct(ctypes.LittleEndianStructure):
    """A struct of the kernel's interface; a subclass that `layout` decorates lists its fields."""


Form = TypeVar("Form", bound=Struct)


def layout(form: type[Form]) -> type[Form]:
    """Give `form` the memory layout that its annotations say."""
    hints = get_type_hints(form, include_extras=True)
    form._fields_ = [(name, hints[name].__metadata__[0]) for name in form.__annotations__]
    return form
