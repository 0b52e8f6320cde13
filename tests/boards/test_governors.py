"""Governors: changed only if asked, put back whatever happens, and said so if that is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from boards.fake_boards import write_board
from boards.shell_connection import ShellConnection
from npufit.boards import settings
from npufit.errors import InputError


@pytest.fixture
def board(tmp_path: Path) -> ShellConnection:
    write_board("rk3588", tmp_path)
    return ShellConnection(tmp_path, environment={"NPUFIT_BOARD_ROOT": str(tmp_path)})


def governors(board: ShellConnection) -> list[str]:
    paths = sorted(Path(board.folder).glob("sys/devices/system/cpu/cpufreq/policy*/scaling_governor"))
    return [path.read_text().strip() for path in paths]


def measure_and_interrupt(board: ShellConnection) -> None:
    with settings(board, governor="performance") as said:
        assert governors(board) == ["performance"] * 3
        assert said == ("The governor was set to performance for the measurement; before and after it is ondemand.",)
        raise KeyboardInterrupt


def test_they_are_put_back_after_an_error_and_by_the_board_if_the_line_is_lost(board: ShellConnection) -> None:
    with pytest.raises(KeyboardInterrupt):
        measure_and_interrupt(board)
    assert governors(board) == ["ondemand"] * 3
    with settings(board, governor="performance"):
        board.shell(board.ends[-1])
        assert governors(board) == ["ondemand"] * 3


def test_nothing_is_touched_unless_asked(board: ShellConnection) -> None:
    with settings(board) as said, settings(board, governor="ondemand") as also:
        assert (said, also, board.ends) == ((), (), [])


def test_one_that_is_refused_is_said_so(board: ShellConnection) -> None:
    for file in Path(board.folder).glob("sys/devices/system/cpu/cpufreq/policy*/scaling_governor"):
        file.chmod(0o666 if "policy0" in str(file) else 0o444)
    board.give_up_root()
    with settings(board, governor="performance") as said:
        assert governors(board) == ["performance", "ondemand", "ondemand"]
        assert [sentence.partition(":")[0] for sentence in said] == [
            "The governor was set to performance for the measurement; before and after it is ondemand.",
            "The governor could not be set to performance and stays ondemand",
        ]
    assert governors(board) == ["ondemand"] * 3


def test_names_that_are_no_governors_are_refused(board: ShellConnection) -> None:
    with pytest.raises(InputError, match="no governor"), settings(board, governor="fast; reboot"):
        pass


def test_a_board_without_governors_says_so(board: ShellConnection) -> None:
    board.environment["NPUFIT_BOARD_ROOT"] = "/nowhere"
    with settings(board, governor="performance") as said:
        assert said == ("The governor was not set to performance: the board has none.",)
