"""A question as a job: a worker draws the model, asks the converter and returns the answer as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from npufit.graph import Model
from npufit.jobs import Blob, Job, key_of, own_digest
from npufit.probing.asking.answer import Answer, End
from npufit.probing.asking.converter import Converter
from npufit.probing.questions import Point
from npufit.stacks import Unit

_PATIENCE = 10.0
"""How much longer than the converter's own time limit a question may take.

That limit may be on processor time, and the model is drawn and the answer read besides.
"""
_LEAST_PATIENCE_S = 60.0

_ROOMS = (
    *("child_process.py", "chips", "ethosu", "graph", "litert", "stacks", "tflite", "vdevice"),
    *("probing/asking", "probing/questions"),
)
"""What answers depend on beside the converter and the model's values."""


def question_job(converter: Converter, question: Point | Model, identity: Sequence[str], time_limit_s: float) -> Job:
    """Return the job that asks `converter`, which `identity` tells from others, about a point or a model."""
    limit = max(_LEAST_PATIENCE_S, _PATIENCE * time_limit_s)
    if isinstance(question, Point):
        key = key_of("point", _digest(), identity, question.space, question.values)
        return Job(key, answer_point, (converter, question), question.space, limit)
    from npufit.tflite import serialize_model

    blob = Blob(serialize_model(question))
    key = key_of("model", _digest(), identity, blob.digest)
    return Job(key, answer_model, (converter, blob, question.name), "models", limit)


def answer_point(converter: Converter, point: Point) -> str:
    """Return the answer about the model of `point`, as JSON. Raises ToolError if the tool cannot be started."""
    from npufit.probing.questions import space_of

    return answer_text(converter.convert(space_of(point.space).draw(dict(point.values))).answer)


def answer_model(converter: Converter, model: Blob, name: str) -> str:
    """Return the answer about a model file, as JSON. Raises ToolError if the tool cannot be started."""
    from npufit.tflite import parse_model

    return answer_text(converter.convert(parse_model(model.data, name)).answer)


def answer_text(answer: Answer) -> str:
    """Return `answer` as JSON."""
    units = [unit.value for unit in answer.units]
    return json.dumps({"end": answer.end, "units": units, "message": answer.message, "graphs": answer.graphs})


def read_answer(text: str) -> Answer:
    """Return the answer in `text`, which `answer_text` made."""
    found: dict[str, Any] = json.loads(text)
    return Answer(End(found["end"]), tuple(map(Unit, found["units"])), found["message"], found["graphs"])


@cache
def _digest() -> str:
    return own_digest(_ROOMS)
