"""Two files compared as LiteRT sees them, with the schema's own classes."""

from __future__ import annotations

from typing import Any, cast

from ai_edge_litert import schema_py_generated as untyped_schema  # pyright: ignore[reportMissingTypeStubs]

schema: Any = untyped_schema


def as_litert_sees(data: bytes) -> dict[str, Any]:
    """Return the content of a file as nested dictionaries, where only these differences are levelled:

    * the numbers of buffers: each tensor and metadata entry has its bytes instead, and the number of the first user of
      the same buffer, so that sharing is compared as well; buffers that nothing uses are left out;
    * the numbers of operator codes: each operator has its code instead, and codes without operator are left out;
    * the old 8-bit copy of an operator's code, which counts only where it is larger;
    * where external bytes lie: they stand for themselves;
    * a vector or string that is empty and one that is missing, except for shapes, data and custom options;
    * a quantization table in which nothing is set and none;
    * an options type without a table and none.
    """
    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    tables: list[Any] = model.buffers or []
    buffers = [_content(data, table) for table in tables]
    first_user: dict[int, int] = {}

    def buffer(number: int) -> Any:
        return (first_user.setdefault(number, len(first_user)), buffers[number]) if number else None

    subgraphs: list[Any] = []
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = buffer(tensor.buffer)
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            number = max(code.builtinCode, code.deprecatedBuiltinCode)
            operator.opcodeIndex = (number, code.customCode, code.version)
            offset, size = operator.largeCustomOptionsOffset, operator.largeCustomOptionsSize
            operator.largeCustomOptionsOffset = data[offset : offset + size]
            operator.builtinOptionsType *= operator.builtinOptions is not None
            operator.builtinOptions2Type *= operator.builtinOptions2 is not None
        subgraphs.append(_plain(graph))
    metadata: list[Any] = model.metadata or []
    for entry in metadata:
        entry.buffer = buffer(entry.buffer)
    if model.metadataBuffer is not None:
        model.metadataBuffer = [buffer(number) for number in model.metadataBuffer]
    model.buffers = model.operatorCodes = model.subgraphs = None
    return {"subgraphs": subgraphs, **_plain(model)}


def _content(data: bytes, entry: Any) -> bytes | None:
    if entry.data is None and entry.offset > 1 and entry.size:
        return b"external:" + data[entry.offset : entry.offset + entry.size]
    return None if entry.data is None else bytes(entry.data)


_KEPT_EMPTY = {"shape", "shapeSignature", "customOptions"}


def _plain(value: Any, key: str = "") -> Any:
    if hasattr(value, "Pack"):
        members: dict[str, Any] = value.__dict__
        fields = {name: _plain(member, name) for name, member in members.items()}
        fields = {name: member for name, member in fields.items() if member not in (None, 0, False)}
        if type(value) is schema.QuantizationParametersT and not fields:
            return None
        return {"table": type(value).__name__, **fields}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, bytes):
        return value or None
    if isinstance(value, list):
        items = [_plain(item) for item in cast("list[Any]", value)]
        return items if items or key in _KEPT_EMPTY else None
    if isinstance(value, float) and value != value:
        return "nan"
    return value
