"""A network that the NPU is known to take: its run shows which counter moves, and by how much a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npufit.boards import BoardFacts, BoardFile, Connection
from npufit.checking import CheckResult
from npufit.errors import InputError, LostConnectionError, ToolError
from npufit.graph import Model
from npufit.loading import load
from npufit.measuring.choosing import Choice
from npufit.measuring.options import BenchOptions
from npufit.measuring.preparing import PreparedModel, prepare_for
from npufit.tflite import parse_model, serialize_model

_MOST_MODEL_BYTES = 64 << 20
_NETWORKS = ("zoo:mobilenet_v1@128,uint8", "zoo:mobilenet_v1@128,int8")
"""Quantized per tensor first: every stack takes that."""

_LEAST_SHARE = 0.9
"""Of the multiply-accumulates on the NPU."""


@dataclass(frozen=True, slots=True)
class KnownNetwork:
    """The network, ready for the board; None if there is none, and `why` says why."""

    prepared: PreparedModel | None
    why: str = ""


def find_known(connection: Connection, facts: BoardFacts, choice: Choice, options: BenchOptions) -> KnownNetwork:
    """Return the user's network, the board's own MobileNet, or one of the zoo that the target takes without a hazard.

    Raises InputError and ToolError if the user named one that cannot be prepared, LostConnectionError.
    """
    target = choice.target
    if target is None:
        return KnownNetwork(None)

    def prepared(model: Model) -> PreparedModel:
        return prepare_for(
            model,
            serialize_model(model),
            target,
            options.place,
            is_boards_own=choice.is_boards_own,
            has_delegate=bool(choice.delegate),
        )

    if options.known is not None:
        return KnownNetwork(prepared(load(options.known)))
    reason = "no network is known that this stack takes without a hazard"
    for model in _candidates(connection, facts):
        try:
            found = prepared(model)
        except LostConnectionError:
            raise
        except (InputError, ToolError) as error:
            reason = str(error)
            continue
        if found.checked is not None and _is_taken(found.checked):
            return KnownNetwork(found)
    return KnownNetwork(None, f"No known network was run beside the model: {reason}")


def _candidates(connection: Connection, facts: BoardFacts) -> Iterator[Model]:
    """Yield the board's own MobileNet and those of the zoo."""
    for file in facts.of_kind("model"):
        if "mobilenet" in file.name.lower() and file.name.endswith(".tflite"):
            own = _fetched(connection, file)
            if own is not None:
                yield own
    yield from map(load, _NETWORKS)


def _fetched(connection: Connection, file: BoardFile) -> Model | None:
    """Return a model of the board, None if it cannot be read. Raises LostConnectionError."""
    try:
        return parse_model(connection.get(file.path, _MOST_MODEL_BYTES), file.name)
    except LostConnectionError:
        raise
    except (InputError, ToolError):
        return None


def _is_taken(checked: CheckResult) -> bool:
    summary = checked.summary
    return (summary.npu_macs_share or 0.0) >= _LEAST_SHARE and not summary.hazards
