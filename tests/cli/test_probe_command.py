"""`npufit probe` end to end: a stand-in converter with hidden rules, its files, and the schema of each mode."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from npufit.cli.main import npufit
from npufit.errors import InputError
from npufit.stacks.probed import read_rules
from real_files import REPOSITORY, find_model

_PATTERN = r"operator (?P<index>\d+): (?P<unit>NPU|CPU)"


def _stand_in(name: str) -> str:
    return f"python3 {shlex.quote(str(REPOSITORY / 'tests' / 'stand_ins'))} {name} {{input}} {{output}}"


def _probe(*arguments: str) -> str:
    ended = CliRunner().invoke(npufit, ["probe", *arguments], catch_exceptions=False, standalone_mode=False)
    return ended.stdout


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("probe") / "answers"


def _asked(cache: Path) -> tuple[str, ...]:
    return (
        *("--command", _stand_in("row_limit"), "--pattern", _PATTERN, "--operators", "softmax", "--no-groups"),
        *("--cache", str(cache), "--questions", "120"),
    )


def test_a_probe_writes_json_rules_and_a_page(cache: Path, tmp_path: Path) -> None:
    rules, page = tmp_path / "tool.toml", tmp_path / "tool.html"
    document = json.loads(_probe(*_asked(cache), "--json", "--rules", str(rules), "--html", str(page)))
    schema = json.loads(_probe("--json-schema"))
    jsonschema.validate(document, schema)
    assert 0 < document["questions"] <= 120
    assert document["operators"][0]["operator"] == "SOFTMAX"
    assert read_rules(rules).questions == document["questions"]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    again = json.loads(_probe(*_asked(cache), "--json"))
    assert again["kept"] == again["questions"] == document["questions"]
    assert again["limits"] == document["limits"]


def test_an_explanation_follows_its_schema(tmp_path: Path) -> None:
    asked = "--explain", "zoo:mobilenet_v2@320,int8"
    document = json.loads(_probe(*asked, "--json"))
    jsonschema.validate(document, json.loads(_probe(*asked, "--json-schema")))
    _probe(*asked, "--models", str(tmp_path / "experiments"))
    assert list((tmp_path / "experiments").glob("*.tflite"))


def test_two_commands_are_compared(tmp_path: Path) -> None:
    both = [word for name in ("row_limit", "product") for word in ("--command", _stand_in(name))]
    asked = (*both, "--pattern", _PATTERN, "--operators", "LOGISTIC", "--no-groups", "--questions", "20", "--no-cache")
    document = json.loads(_probe(*asked, "--json", "--models", str(tmp_path / "examples")))
    jsonschema.validate(document, json.loads(_probe(*asked, "--json-schema")))
    assert "product" in document["second"]["name"]


@pytest.mark.slow
def test_a_network_gets_more_time_than_a_question() -> None:
    model = find_model("single_ops/test_relu6_int8.tflite")
    slow = """import time; time.sleep(12); print("operator 0: NPU")"""
    command = f"python3 -c {shlex.quote(slow)} {{input}}"
    asked = "probe", "--command", command, "--pattern", _PATTERN, "--shrink", str(model), "--no-cache"
    with pytest.raises(InputError, match="takes all of it"):
        CliRunner().invoke(npufit, asked, catch_exceptions=False, standalone_mode=False)
