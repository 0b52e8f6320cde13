"""The desk: answers in any order, nothing asked twice, a budget that is shared, and searches that outlive its end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from npufit.probing import Command, ProbeOptions
from npufit.probing.asking import Answer, Desk, End, Unanswered, choose_converter
from npufit.probing.questions import Point, space_of
from probing.asking.answering_programs import CountingConverter, program

_OPTIONS = ProbeOptions(use_cache=False, workers=2)


def _point(space: str, width: int) -> Point:
    found = space_of(space)
    return Point(space, tuple((found.base | {"w": width}).items()))


def _widest(space: str, least: int, most: int) -> Generator[Sequence[Point], Sequence[Answer], tuple[int, bool]]:
    """Return the largest width that is taken, by bisection, and whether the search came to its end."""
    try:
        while most - least > 1:
            middle = (least + most) // 2
            [answer] = yield [_point(space, middle)]
            least, most = (middle, most) if answer.is_accepted else (least, middle)
    except Unanswered:
        return least, False
    return least, True


def test_many_searches_share_a_desk(tmp_path: Path) -> None:
    converter = CountingConverter(tmp_path / "diary")
    with Desk(converter, _OPTIONS) as desk:
        found = desk.run([_widest("MAX_POOL_2D", 8, 90), _widest("RELU", 8, 900), _widest("RELU", 8, 900)])
        assert found == [(40, True)] * 3
        assert desk.questions == len(converter.asked())
        assert desk.run([_widest("RELU", 8, 900)]) == [(40, True)]
        assert len(converter.asked()) == desk.questions
        assert desk.kept == 0


def test_answers_are_kept_for_the_next_probe(tmp_path: Path) -> None:
    converter, options = CountingConverter(tmp_path / "diary"), ProbeOptions(cache=tmp_path / "kept.sqlite", workers=1)
    points = [_point("RELU", width) for width in (20, 60)]
    models = [space_of("RELU").draw(dict(_point("RELU", width).values)) for width in (30, 30, 50)]
    for kept in (0, 4):
        with Desk(converter, options) as desk:
            assert [answer.is_accepted for answer in desk.ask(points)] == [True, False]
            assert [answer.is_accepted for answer in desk.ask_models(models)] == [True, True, False]
            assert (desk.questions, desk.kept) == (4, kept)
    assert sorted(converter.asked()) == [20, 30, 50, 60]
    with Desk(CountingConverter(tmp_path / "diary", widest=25), options) as desk:
        assert [answer.is_accepted for answer in desk.ask_models(models)] == [False] * 3


def test_a_budget_is_shared_and_asks_the_same_each_time(tmp_path: Path) -> None:
    """A short search leaves the rest of its part to the long one; what the budget cuts off returns what it knows."""
    diaries: list[list[int]] = []
    for workers in (1, 2):
        converter = CountingConverter(tmp_path / f"diary {workers}")
        with Desk(converter, ProbeOptions(questions=12, use_cache=False, workers=workers)) as desk:
            short, long = desk.run([_widest("MAX_POOL_2D", 38, 43), _widest("RELU", 8, 4000)])
            assert short == (40, True)
            assert long == (39, False)
            assert desk.questions <= 12
            assert desk.ended_by == "the budget of 12 questions"
            assert desk.run([_widest("MAX_POOL_2D", 8, 4000)]) == [(8, False)]
            with pytest.raises(Unanswered):
                desk.ask([_point("RELU", 7)])
        diaries.append(sorted(converter.asked()))
    assert diaries[0] == diaries[1]


def test_time_is_a_budget_too() -> None:
    """It ends while the converter still works on a question that would take minutes."""
    options = ProbeOptions(minutes=0.01, use_cache=False, workers=1)
    converter = choose_converter(program("import time; time.sleep(300)"), options)
    begun = time.monotonic()
    with Desk(converter, options) as desk:
        assert desk.run([_widest("RELU", 8, 4000)]) == [(8, False)]
        assert desk.ended_by == "the budget of 0.01 minutes"
    assert time.monotonic() - begun < 60


def test_a_worker_that_dies_is_an_answer(tmp_path: Path) -> None:
    converter = CountingConverter(tmp_path / "diary", deadly=24)
    with Desk(converter, _OPTIONS) as desk:
        ends = [answer.end for answer in desk.ask([_point("RELU", width) for width in (23, 24, 25)])]
        assert ends == [End.FINE, End.CRASH, End.FINE]
        assert desk.has_answers


def test_an_interrupt_in_the_middle_of_a_thought_loses_nothing(tmp_path: Path) -> None:
    def thoughtful() -> Generator[Sequence[Point], Sequence[Answer], str]:
        try:
            yield [_point("RELU", 20)]
            os.kill(os.getpid(), signal.SIGINT)
            yield [_point("RELU", 21)]
        except Unanswered:
            return "knows 20"
        return "knows all"

    converter = CountingConverter(tmp_path / "diary")
    with Desk(converter, ProbeOptions(use_cache=False, workers=1)) as desk:
        assert desk.run([thoughtful()]) == ["knows 20"]
        assert desk.ended_by == "interrupted"
    assert converter.asked() == [20]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupted_search_returns_what_it_knows(tmp_path: Path) -> None:
    def stop(done: int, _total: int, _failed: int, /) -> None:
        if done == 3:
            raise KeyboardInterrupt

    converter = CountingConverter(tmp_path / "diary")
    with Desk(converter, ProbeOptions(use_cache=False, workers=1, progress=stop)) as desk:
        [(least, is_complete)] = desk.run([_widest("RELU", 8, 4000)])
        assert not is_complete
        assert least == 8
        assert desk.ended_by == "interrupted"


def _one_by_one(count: int) -> Generator[Sequence[Point], Sequence[Answer], int]:
    """Return how many of the questions were answered."""
    for width in range(count):
        try:
            yield [_point("RELU", width + 1)]
        except Unanswered:
            return width
    return count


def test_only_a_probe_gives_up_a_tool_that_always_fails() -> None:
    """A model that is made smaller crashes a tool as often as it is asked about."""
    converter = choose_converter(Command(("false", "{input}"), r"(?P<index>\d+) (?P<unit>NPU|CPU)"), _OPTIONS)
    with Desk(converter, _OPTIONS) as desk:
        assert desk.run([_one_by_one(70)]) == [70]
    with Desk(converter, _OPTIONS, gives_up=True) as desk:
        (answered,) = desk.run([_one_by_one(70)])
        assert answered < desk.answered + 1 < 70
        assert desk.trouble is not None
        assert desk.ended_by == desk.trouble.message
