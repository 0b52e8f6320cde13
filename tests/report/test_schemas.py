"""The published JSON schemas are those of the typed documents, and what the commands print follows them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from npufit.cli.main import npufit as group
from npufit.report.document import published_schema
from npufit.report.schema import FILE_SCHEMAS, PUBLISHED, Published, as_text, schema_file, schema_text

_MODELS = Path(__file__).parents[1] / "models"

_PRINTED = {
    "check": ("check", str(_MODELS / "person_detect.tflite"), "-t", "imx93/teflon@25.3", "--require", "hazards==0"),
    "run": ("run", str(_MODELS / "person_detect.tflite"), "--on", "cpu"),
    "fit": ("fit", str(_MODELS / "kws_ref_model.tflite"), "-t", "imx93/teflon@26.1", "--list"),
    "compare": (
        *("compare", str(_MODELS / "micro" / "pad_sym_conv.tflite"), "-t", "imx93/teflon@25.3", "-t", "imx93/vela"),
        *("--require", "hazards-gained==0"),
    ),
    "resize": ("resize", "zoo:mobilenet_v1@128", "--input", "160"),
    "accuracy": ("accuracy", "imx93/vela"),
    "disassemble": ("disassemble", str(_MODELS.parent / "captures" / "micro" / "residual_chain"), "--kernel", "7.1"),
    "bench": ("bench", "--show", str(_MODELS.parent / "replay" / "files" / "measurements")),
    "rules": ("rules",),
    "targets": ("targets",),
    "zoo": ("zoo",),
    "toolchain": ("toolchain",),
}


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.form or published.command)
def test_the_published_schema_is_that_of_the_document(published: Published) -> None:
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        schema_file(published).write_text(schema_text(published), encoding="utf-8")
    schema = published_schema(published.command, published.form)
    assert schema == schema_text(published), "stale: run `make docs`"
    jsonschema.Draft202012Validator.check_schema(json.loads(schema))


@pytest.mark.parametrize("kind", FILE_SCHEMAS)
def test_the_published_schema_of_a_file_is_that_of_its_form(kind: str) -> None:
    file, schema = FILE_SCHEMAS[kind]
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        file().write_text(as_text(schema()), encoding="utf-8")
    assert file().read_text(encoding="utf-8") == as_text(schema()), "stale: run `make docs`"


@pytest.mark.parametrize("command", _PRINTED)
def test_what_a_command_prints_follows_its_schema(command: str) -> None:
    printed = CliRunner().invoke(group, [*_PRINTED[command], "--json"])
    schema = json.loads(CliRunner().invoke(group, [command, "--json-schema"]).stdout)
    jsonschema.validate(json.loads(printed.stdout), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"extra": 1}, schema)


def test_every_command_that_prints_json_has_a_schema() -> None:
    context = group.make_context("npufit", [], resilient_parsing=True)
    commands = {name: group.get_command(context, name) for name in group.list_commands(context)}
    with_json = {
        name
        for name, command in commands.items()
        if command is not None and any("--json" in parameter.opts for parameter in command.params)
    }
    assert with_json == {published.command for published in PUBLISHED if not published.option}


def test_a_command_that_prints_json_does_not_import_pydantic() -> None:
    command = ["check", str(_MODELS / "person_detect.tflite"), "-t", "imx93/teflon@25.3", "--json"]
    script = f"import sys; from npufit.cli.main import npufit; npufit.main({command!r}, standalone_mode=False); "
    script += "sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL, check=False).returncode == 0
