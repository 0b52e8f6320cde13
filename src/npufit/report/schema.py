"""The published JSON schemas, generated from the typed documents: `python -m npufit.report.schema`, or `make docs`.

Only this module imports pydantic.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from npufit.report.document import schema_name

_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Published:
    """What one command prints as JSON: its room in this folder, the name of the document there, and a description.

    `option` is what makes the command print this document, for one that has several in one room; then `form` tells
    them apart: the document is in `FORM_document.py`, the schema in `FORM.schema.json`.
    """

    command: str
    document: str
    description: str
    option: str = ""
    form: str = ""


PUBLISHED = (
    Published("check", "CheckDocument", "Indices count from 0; sizes are bytes."),
    Published(
        "run",
        "RunDocument",
        "Indices count from 0; tensors and operators are those of the source model's main subgraph.",
    ),
    Published(
        "fit",
        "FitDocument",
        "Indices count from 0. Operators of `before` and of the sites of the first pass are those of the original "
        "model; a later pass names operators of the model before it.",
    ),
    Published("compare", "CompareDocument", "Indices count from 0; sizes are bytes."),
    Published("sweep", "SweepDocument", "Indices count from 0; times are milliseconds of one inference."),
    Published(
        "evaluate",
        "EvaluateDocument",
        "Shares are 0 to 1; intervals are Wilson's at 95 % confidence. Classes count from 0, as the outputs do.",
    ),
    Published(
        "probe",
        "ProbeDocument",
        "`limit` is the largest accepted value, for `>=` the smallest, for `multiple-of` the divisor; sizes are bytes.",
    ),
    Published("probe", "ExplainDocument", "Indices count from 0; sizes are bytes.", "probe --explain", form="explain"),
    Published("probe", "DifferenceDocument", "`limit` is as in a probe.", "probe TARGET TARGET", form="difference"),
    Published("probe", "ShrinkDocument", "Values are elements of tensors.", "probe --shrink", form="shrink"),
    Published("deploy", "DeployDocument", "Indices count from 0; sizes are bytes."),
    Published(
        "bench",
        "BenchDocument",
        "Times are milliseconds of one inference, temperatures degrees Celsius. A field that is left out is empty or "
        "unknown.",
    ),
    Published("vnpu", "VnpuDocument", "Times are seconds."),
    Published(
        "differential",
        "DifferentialDocument",
        "Indices count from 0. Models are in the order of their paths.",
        "vnpu --differential",
    ),
    Published("resize", "ResizeDocument", "Shapes have the batch first."),
    Published("calibrate", "CalibrateDocument", "Errors are median absolute shares of the measurement, 0.1 for 10 %."),
    Published("accuracy", "AccuracyDocument", "Errors are shares of the measurement, 0.1 for 10 %."),
    Published("disassemble", "DisassembleDocument", "Indices count from 0; offsets are bytes of the stream."),
    Published("rules", "RulesDocument", "A list; `npufit rules ID --json` prints a single rule."),
    Published("targets", "TargetsDocument", "A list."),
    Published("zoo", "ZooDocument", "A list."),
    Published("toolchain", "ToolchainDocument", "Releases of Vela."),
)


class _Plain(GenerateJsonSchema):
    """Schemas without titles, because names and descriptions are enough."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return False: no field gets a title made from its name."""
        return False

    def nullable_schema(self, schema: Any) -> dict[str, Any]:
        """Return `{"type": ["number", "null"]}` for a plain type that may be null."""
        found = super().nullable_schema(schema)
        inner, *_ = found.get("anyOf", [{}])
        return {**inner, "type": [inner["type"], "null"]} if isinstance(inner.get("type"), str) else found

    def generate(self, schema: Any, mode: Any = "validation") -> dict[str, Any]:
        """Return the schema; its objects allow only the fields of a document."""
        found = super().generate(schema, mode)
        for entry in (found, *found.get("$defs", {}).values()):
            entry.pop("title", None)
            if "properties" in entry:
                entry["additionalProperties"] = False
        return found


def generated_schema(published: Published) -> dict[str, Any]:
    """Return the JSON schema of what a command prints."""
    name = f"{published.form}_document" if published.form else "document"
    module = import_module(f"npufit.report.{published.command}.{name}")
    schema = TypeAdapter[Any](getattr(module, published.document)).json_schema(schema_generator=_Plain)
    schema.pop("description", None)
    command = f"npufit {published.option or published.command}"
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": command,
        "description": f"The output of `{command} --json`. {published.description}",
        **schema,
    }


def manifest_schema() -> dict[str, Any]:
    """Return the JSON schema of the manifest of a bundle. Its readers ignore keys that they do not know."""
    from npufit.deploying import Manifest

    schema = TypeAdapter(Manifest).json_schema(schema_generator=_Plain)
    for entry in (schema, *schema["$defs"].values()):
        entry.pop("additionalProperties", None)
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "the manifest of a bundle of npufit deploy",
        **schema,
    }


def manifest_schema_file() -> Path:
    """Return the path of the manifest's published schema."""
    return Path(__file__).parents[1] / "deploying" / "manifest.schema.json"


def measurement_schema() -> dict[str, Any]:
    """Return the JSON schema of a measurement's file. Its readers ignore keys that they do not know."""
    from npufit.measurements import FORM, FORM_KEY, Measurement

    schema = TypeAdapter(Measurement).json_schema(schema_generator=_Plain)
    for entry in (schema, *schema["$defs"].values()):
        entry.pop("additionalProperties", None)
    schema["properties"] = {FORM_KEY: {"const": FORM}, **schema["properties"]}
    schema["required"] = [FORM_KEY, *schema["required"]]
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "a measurement of npufit bench",
        **schema,
    }


def measurement_schema_file() -> Path:
    """Return the path of the published schema of measurements."""
    return Path(__file__).parents[1] / "measurements" / "schema.json"


FILE_SCHEMAS = {
    "manifest": (manifest_schema_file, manifest_schema),
    "measurement": (measurement_schema_file, measurement_schema),
}
"""The schemas of files that commands write, and where they are published."""


def schema_file(published: Published) -> Path:
    """Return the path of a command's published schema."""
    return Path(__file__).parent / published.command / schema_name(published.form)


def schema_text(published: Published) -> str:
    """Return the schema as the text of its file."""
    return as_text(generated_schema(published))


def as_text(schema: dict[str, Any]) -> str:
    """Return a schema as the text of its file."""
    return _lines(schema) + "\n"


def _lines(value: Any, indent: str = "") -> str:
    """Return JSON with everything that fits on a line on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= _WIDTH or not isinstance(value, dict | list):
        return line
    deeper = indent + "  "
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        entries = [f"{json.dumps(key)}: {_lines(entry, deeper)}" for key, entry in items]
    else:
        entries = [_lines(entry, deeper) for entry in cast("list[Any]", value)]
    opening, closing = line[0], line[-1]
    inside = f",\n{deeper}".join(entries)
    return f"{opening}\n{deeper}{inside}\n{indent}{closing}"


def main() -> None:
    """Write every schema again."""
    for published in PUBLISHED:
        schema_file(published).write_text(schema_text(published), encoding="utf-8")
    for file, schema in FILE_SCHEMAS.values():
        file().write_text(as_text(schema()), encoding="utf-8")


if __name__ == "__main__":
    main()
