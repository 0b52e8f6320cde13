"""A command line as a converter: what it prints or writes is its answer, and however it ends is one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from networks.one_operator import activation, as_model, single
from npufit.errors import InputError, ToolError
from npufit.graph import CUSTOM, ElementType, Model
from npufit.probing import Command, ProbeOptions
from npufit.probing.asking import Answer, End, choose_converter
from npufit.stacks import PlaceOptions, Unit
from probing.asking.answering_programs import program


def _ask(command: Command, seconds: float = 20.0, memory: int = 8 << 30) -> Answer:
    options = ProbeOptions(place=PlaceOptions(time_limit_s=seconds), memory_bytes=memory)
    return choose_converter(command, options).convert(_chain()).answer


def _chain() -> Model:
    """Return ABS, then NEG, then ABS."""
    from npufit.graph import Operator, Subgraph, Tensor

    tensors = tuple(Tensor(name, (1, 4, 4, 8), ElementType.INT8) for name in ("in", "a", "b", "out"))
    operators = tuple(Operator(kind, (index,), (index + 1,)) for index, kind in enumerate(("ABS", "NEG", "ABS")))
    return Model("chain", (Subgraph(tensors, (0,), (3,), operators),))


def test_printed_lines_are_the_answer() -> None:
    printed = "print('hello'); print('operator 0: npu'); print('x operator 2: CPU!')"
    assert _ask(program(printed)) == Answer(End.FINE, (Unit.NPU, Unit.UNKNOWN, Unit.CPU))


@pytest.mark.parametrize(
    ("text", "end", "words"),
    [
        ("import os; os.abort()", End.CRASH, "SIGABRT"),
        ("import sys; sys.exit('no such layer')", End.ERROR, "no such layer"),
        ("import sys; sys.exit(139)", End.CRASH, "exit code 139"),
        ("while True: pass", End.TIMEOUT, "stopped after 0.5 s"),
        ("print(len(bytearray(1 << 30)))", End.ERROR, "MemoryError"),
        ("print('operator 7: NPU')", End.ERROR, "operator 7 in a model of 3"),
        ("print('operator 0: TPU')", End.ERROR, "'tpu'"),
        ("print('nothing to say')", End.ERROR, "no line matches"),
    ],
)
def test_every_other_end_is_an_answer_too(text: str, end: End, words: str) -> None:
    found = _ask(program(text), 0.5 if end is End.TIMEOUT else 20.0, memory=1 << 29)
    assert found.end is end
    assert words in found.message
    assert found.units == ()


def test_output_is_bounded_and_the_last_words_are_kept() -> None:
    found = _ask(program("import sys; print('x' * (8 << 20)); print('the end'); sys.exit(1)"))
    assert found.message.endswith("the end")
    assert len(found.message) < 1000


def test_custom_operators_of_the_file_are_the_answer(tmp_path: Path) -> None:
    """The first two operators become one call; a helper that the source does not have adapts its result."""
    from dataclasses import replace

    from npufit.graph import Operator
    from npufit.tflite import serialize_model

    model = _chain()
    call = Operator(CUSTOM, (0,), (2,), custom_code="MyNpu")
    converted = replace(model.main, operators=(call, model.main.operators[2]))
    written = tmp_path / "written.tflite"
    written.write_bytes(serialize_model(replace(model, subgraphs=(converted,))))
    copying = "import shutil, sys; shutil.copy(sys.argv[3], sys.argv[2])"
    command = program(copying, str(written), pattern=None, custom_operator="MyNpu")
    assert _ask(command) == Answer(End.FINE, (Unit.NPU, Unit.NPU, Unit.CPU), graphs=1)
    other = program(copying, str(written), pattern=None, custom_operator="OtherNpu")
    assert _ask(other).units == (Unit.CPU,) * 3
    written.write_bytes(b"no model")
    assert _ask(command).end is End.ERROR
    assert "wrote no file" in _ask(program("pass", pattern=None, custom_operator="MyNpu")).message


def test_files_are_found_from_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tool.py").write_text("print('operator 0: NPU\\noperator 1: NPU\\noperator 2: NPU')")
    monkeypatch.chdir(tmp_path)
    found = _ask(Command((sys.executable, "tool.py", "--in={input}"), r"operator (?P<index>\d+): (?P<unit>NPU|CPU)"))
    assert found.is_accepted


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Command(()), "empty"),
        (Command(("tool",), pattern="x"), "{input}"),
        (Command(("tool", "{input}")), "one way to read its answer"),
        (Command(("tool", "{input}"), "(?P<index>1)(?P<unit>NPU)", "X"), "one way to read its answer"),
        (Command(("tool", "{input}"), "(?P<index>1"), "not a regular expression"),
        (Command(("tool", "{input}"), "(?P<index>1)"), "no group 'unit'"),
        (Command(("tool", "{input}"), custom_operator="X"), "{output}"),
    ],
)
def test_a_wrong_command_says_what_to_do(command: Command, words: str) -> None:
    with pytest.raises(InputError) as caught:
        choose_converter(command, ProbeOptions())
    assert words in str(caught.value)


def test_a_missing_program_is_no_answer() -> None:
    model = as_model(single("ABS", [activation(1, 4)], [activation(1, 4)]))
    command = Command(("no-such-tool", "{input}"), "(?P<index>1)(?P<unit>NPU)")
    with pytest.raises(ToolError, match="cannot be started"):
        choose_converter(command, ProbeOptions()).convert(model)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("imx93/direct", "no tool of direct"),
        ("imx93/teflon", "--library"),
        ("imx95/neutron", "--converter"),
        ("imx93/vela@3.5", "npufit toolchain install"),
    ],
)
def test_a_target_without_a_tool_says_what_it_needs(
    subject: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises((InputError, ToolError)) as caught:
        choose_converter(subject, ProbeOptions())
    assert words in str(caught.value)
