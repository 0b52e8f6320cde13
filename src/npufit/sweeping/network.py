"""A network of a sweep: a file or a built-in network in one number format, at any size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from npufit.errors import InputError
from npufit.formatting import printable
from npufit.graph import ElementType, Kind, Model, operator_type
from npufit.jobs import Blob
from npufit.loading import ZOO_PREFIX, ModelSource
from npufit.rewrite.resolution import Size, image_size
from npufit.zoo import BOUNDARIES, Precision, ZooSpec, parse_spec, validate_spec


@dataclass(frozen=True, slots=True)
class Network:
    """A network in one number format. `own_size` is the usual one, None if its input has no rows and columns.

    `spec` is set for a built-in network, `file` for a file.
    """

    name: str
    precision: str
    own_size: Size | None
    spec: ZooSpec | None = None
    file: Blob | None = None

    @property
    def identity(self) -> str:
        """What tells this network from all others: the built-in name, or the digest of the file."""
        return str(self.spec) if self.file is None else self.file.digest

    def source(self, size: Size | None) -> Blob | str:
        """Return where a worker gets the network from: a file, or the built-in name at `size`."""
        return self.file if self.file is not None else self.title(size)

    def title(self, size: Size | None) -> str:
        """Return what to give to `npufit check` to see this network at `size`; a file keeps its name."""
        if self.spec is None:
            return self.name
        return str(self.spec if size is None else replace(self.spec, size=size[0], width=size[1]))


def open_networks(models: Iterable[ModelSource], precisions: Sequence[str] = ()) -> tuple[Network, ...]:
    """Return the networks that `models` name, each once, built-in ones in each of `precisions` (default: their own).

    Raises InputError for a model that does not exist, and for a number format that it does not have.
    """
    known = [Precision(name) for name in precisions if _is_precision(name)]
    found: list[Network] = []
    for model in models:
        if isinstance(model, str) and model.startswith(ZOO_PREFIX):
            found += _built_in(parse_spec(model), known)
        else:
            found.append(_of_file(model, precisions))
    if not found:
        raise InputError("no model given. Name a .tflite file, or a built-in network such as zoo:mobilenet_v2.")
    unique: dict[tuple[str, str], Network] = {}
    for network in found:
        unique.setdefault((network.identity, network.precision), network)
    return tuple(unique.values())


def _is_precision(name: str) -> bool:
    if name not in list(Precision):
        raise InputError(f"--quant {name}: unknown. Known: {', '.join(Precision)}.")
    return True


def _built_in(spec: ZooSpec, precisions: Sequence[Precision]) -> list[Network]:
    networks: list[Network] = []
    for precision in precisions or (spec.precision,):
        boundary = spec.boundary if precision is spec.precision else BOUNDARIES[precision][0]
        own = replace(spec, precision=precision, boundary=boundary)
        validate_spec(own)
        networks.append(Network(_name(own), str(precision), own.image_size if own.size else None, own))
    return networks


def _name(spec: ZooSpec) -> str:
    """Return the name of a built-in network without its size and number format, with its options."""
    head, _, *options = str(spec).split(",")
    return ",".join([head.partition("@")[0], *options])


def _of_file(source: ModelSource, precisions: Sequence[str]) -> Network:
    from npufit.loading import load
    from npufit.tflite import serialize_model

    model = load(source)
    data = serialize_model(model) if isinstance(source, Model) else _bytes_of(source)
    kind = _number_format(model)
    name = printable(model.name)
    others = [name for name in precisions if name != kind]
    if others:
        raise InputError(
            f"{name}: is {kind}, and a file cannot be swept as {', '.join(others)}. Omit --quant, or quantize the "
            "float original; built-in networks have every number format (npufit zoo)."
        )
    return Network(name, kind, _own_size(model), file=Blob(data))


def _bytes_of(source: ModelSource) -> bytes:
    return Path(str(source)).read_bytes()


def _own_size(model: Model) -> Size | None:
    try:
        return image_size(model)
    except InputError:
        return None


def _number_format(model: Model) -> str:
    """Return how the network computes, by its first operator with weights: in a type, and int8 per tensor or not."""
    graph = model.main
    weighted = [operator for operator in graph.operators if operator_type(operator).kind is Kind.PRODUCT]
    computed = next((tensor.element for operator in weighted for tensor in graph.output_tensors(operator)), None)
    if computed is ElementType.INT8:
        weights = (tensor for operator in weighted for tensor in graph.input_tensors(operator) if tensor.is_constant)
        per_channel = any(tensor.quantization.is_per_channel for tensor in weights)
        return str(Precision.INT8 if per_channel else Precision.INT8_PER_TENSOR)
    inputs = (graph.tensors[tensor].element for tensor in graph.inputs)
    return str(computed or next(inputs, "unknown"))
