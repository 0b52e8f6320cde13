"""The desk: many searches at once put their questions to one converter, within a budget, and nothing is asked twice."""

from __future__ import annotations

import inspect
import signal
import threading
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from npufit.errors import InputError, InternalError, ToolError
from npufit.formatting import plural
from npufit.graph import Model
from npufit.jobs import Finished, Job, Session, Store, Trouble, open_executor
from npufit.probing.asking.answer import INTERRUPTED, Answer, End, Unanswered
from npufit.probing.asking.answering import question_job, read_answer
from npufit.probing.asking.converter import Converter
from npufit.probing.options import ProbeOptions
from npufit.probing.questions import Point

_STORE = "probe"
_QUESTION_ENDS = {Trouble.CRASH: End.CRASH, Trouble.TIME: End.TIMEOUT}
_SECONDS_OF_A_MINUTE = 60.0
_MOST_TIMEOUTS, _MOST_FAILURES = 8, 64
"""A tool that never answered within its time so often, or failed so often, will not answer at all."""

Question = TypeVar("Question", Point, Model)
Found = TypeVar("Found")
Search = Generator[Sequence[Question], Sequence[Answer], Found]
"""What `searching.Inquiry` is, for points or for models."""


@dataclass(slots=True)
class _Talk(Generic[Found]):
    """One search: its questions that wait for answers, what it may ask in all, and in the end what it found."""

    search: Generator[Sequence[Any], Sequence[Answer], Found]
    allowance: float
    spent: int = 0
    jobs: list[Job] = field(default_factory=list[Job])
    missing: int = 0
    found: list[Found] = field(default_factory=list[Found])

    @property
    def is_open(self) -> bool:
        """Whether it has not returned what it found."""
        return not self.found


class Desk:
    """Puts questions to a converter, in worker processes; a context manager, because it starts and ends them.

    `questions` is the number of different models asked about, `kept` how many of the answers were read from the cache.
    `ended_by` is empty, or what ended the asking early: then every further search gets `Unanswered`.
    """

    def __init__(self, converter: Converter, options: ProbeOptions | None = None, *, gives_up: bool = False) -> None:
        """Open the workers and the cache. Raises InputError for a wrong executor, ToolError if it cannot be used.

        With `gives_up`, a tool that answers nothing ends the asking; not where only failures are asked about.
        """
        self._gives_up = gives_up
        self._converter, self._options = converter, options or ProbeOptions()
        self._identity = converter.identify()
        executor = open_executor(self._options.executor, self._options.workers)
        minutes = self._options.minutes
        self._deadline = None if minutes is None else time.monotonic() + minutes * _SECONDS_OF_A_MINUTE
        self._session = Session(executor, self._store(), self._options.progress, self._deadline)
        self._answers: dict[str, Answer] = {}
        self._awaiting: dict[str, list[_Talk[Any]]] = {}
        self._trouble: Answer | None = None
        self._is_thinking = False
        self.questions = self.kept = 0
        self.ended_by = ""

    def __enter__(self) -> Self:
        """Return the desk."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers and what they have started; answers are kept."""
        self._session.close()

    @property
    def has_answers(self) -> bool:
        """Whether the converter said of any model where its operators run."""
        return any(answer.end is End.FINE for answer in self._answers.values())

    @property
    def answered(self) -> int:
        """How many different models were answered."""
        return len(self._answers)

    @property
    def _is_mute(self) -> bool:
        """Whether so many models got no answer, and none got one, that asking on is useless."""
        if not self._gives_up or len(self._answers) < _MOST_TIMEOUTS or self.has_answers:
            return False
        late = sum(answer.end is End.TIMEOUT for answer in self._answers.values())
        return late >= _MOST_TIMEOUTS or len(self._answers) >= _MOST_FAILURES

    @property
    def trouble(self) -> Answer | None:
        """How the first question ended that the converter did not answer, None if there is none."""
        return self._trouble

    def ask(self, points: Sequence[Point]) -> Sequence[Answer]:
        """Return the answers about `points`. Raises Unanswered if the budget ends before, and as `run`."""
        return self.run([_ask_once(points)])[0]

    def ask_models(self, models: Sequence[Model]) -> Sequence[Answer]:
        """Return the answers about whole models; each different file is asked about once. Raises as `ask`."""
        return self.run([_ask_once(models)])[0]

    def run(self, searches: Iterable[Search[Question, Found]]) -> list[Found]:
        """Return what each search found. Their questions are asked at the same time.

        The budget is shared: each search gets an equal part, and what some leave goes to those that need more, so that
        the same questions are asked however fast answers come. If it ends, or the user interrupts, `Unanswered` is
        thrown into the searches. Raises ToolError if the converter cannot be started, InputError if it refuses its
        settings, Unanswered if a search does not catch it.
        """
        talks = [_Talk(search, 0) for search in searches]
        try:
            with self._interruptible():
                self._talk(talks)
        except KeyboardInterrupt:
            self.ended_by = self.ended_by or INTERRUPTED
        for talk in talks:
            if talk.is_open:
                _stop(talk)
        return [talk.found[0] for talk in talks]

    def _talk(self, talks: Sequence[_Talk[Any]]) -> None:
        """Let all searches ask until they have found what they want to know, or the asking ends."""
        for talk in talks:
            self._start(talk, len(talks))
        while not self.ended_by:
            self._listen()
            if self._is_late() and any(talk.is_open for talk in talks):
                self.ended_by = self.ended_by or _spent_time(self._options.minutes)
            elif not self._share(talks):
                break

    @contextmanager
    def _interruptible(self) -> Generator[None]:
        """Let Ctrl-C end the asking, but not in the middle of a search's thought: it would lose what it knows.

        A second Ctrl-C does.
        """
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return

        def interrupt(_number: int, _frame: object) -> None:
            if not self._is_thinking or self.ended_by:
                raise KeyboardInterrupt
            self.ended_by = INTERRUPTED

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _start(self, talk: _Talk[Any], count: int) -> None:
        budget = self._options.questions
        talk.allowance = float("inf") if budget is None else (budget - self.questions) // count
        self._advance(talk, None)

    def _listen(self) -> None:
        """Hand out answers until no question waits for one, or the asking ends."""
        for finished in self._session:
            for talk in self._take_in(finished):
                talk.missing -= 1
                if not talk.missing:
                    self._advance(talk, [self._answers[job.key] for job in talk.jobs])
            if self._is_mute:
                self.ended_by = "" if self._trouble is None else self._trouble.message
            if self.ended_by or self._is_late():
                return

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _take_in(self, finished: Finished) -> list[_Talk[Any]]:
        """Note an answer, and return the searches that wait for it, each as often as it does."""
        key = finished.job.key
        if key not in self._answers:
            self._answers[key] = self._read(finished)
            self.kept += finished.kept
        return self._awaiting.pop(key, [])

    def _read(self, finished: Finished) -> Answer:
        failure = finished.failure
        if failure is None:
            assert finished.value is not None
            answer = read_answer(finished.value)
        elif failure.trouble in _QUESTION_ENDS:
            answer = Answer(_QUESTION_ENDS[failure.trouble], message=failure.message)
        elif failure.trouble is Trouble.TOOL:
            if not self.has_answers:
                raise ToolError(failure.message)
            self.ended_by = failure.message
            answer = Answer(End.ERROR, message=failure.message)
        else:
            raise (InputError if failure.trouble is Trouble.INPUT else InternalError)(failure.message)
        if answer.end is not End.FINE and self._trouble is None:
            self._trouble = answer
        return answer

    def _advance(self, talk: _Talk[Any], answers: Sequence[Answer] | None) -> None:
        """Give a search its answers and take its next questions; those whose answers are known are answered at once."""
        while True:
            self._is_thinking = True
            try:
                # A generator begins with None.
                questions = talk.search.send(answers)  # pyright: ignore[reportArgumentType]
            except StopIteration as end:
                talk.found.append(end.value)
                talk.jobs = []
                return
            finally:
                self._is_thinking = False
            talk.jobs = [self._job(question) for question in questions]
            if not self._submit(talk):
                return
            answers = [self._answers[job.key] for job in talk.jobs]

    def _job(self, question: Point | Model) -> Job:
        return question_job(self._converter, question, self._identity, self._options.place.time_limit_s)

    def _submit(self, talk: _Talk[Any]) -> bool:
        """Ask what a search wants to know, unless its part of the budget is spent; return whether all is known."""
        unknown = {job.key: job for job in talk.jobs if job.key not in self._answers}
        if not unknown:
            return True
        if self.ended_by or talk.spent + len(unknown) > talk.allowance:
            return False
        talk.spent += len(unknown)
        talk.missing = len(unknown)
        for key, job in unknown.items():
            waiting = self._awaiting.setdefault(key, [])
            if not waiting:
                self.questions += 1
                self._session.submit(job)
            waiting.append(talk)
        return False

    def _share(self, talks: Sequence[_Talk[Any]]) -> bool:
        """Share what is left of the budget among the searches that need it; return whether any goes on."""
        poor = [talk for talk in talks if talk.is_open]
        budget = self._options.questions
        if not poor or budget is None or self.ended_by:
            return False
        left = budget - self.questions
        for part in (left // len(poor), left):
            for talk in poor:
                talk.allowance = talk.spent + min(part, budget - self.questions)
                if self._submit(talk):
                    self._advance(talk, [self._answers[job.key] for job in talk.jobs])
            if any(talk.missing or not talk.is_open for talk in poor):
                return True
        self.ended_by = f"the budget of {plural(budget, 'question')}"
        return False

    def _store(self) -> Store | None:
        options = self._options
        if not options.use_cache:
            return None
        return Store.open(_STORE, options.note) if options.cache is None else Store(options.cache, options.note)


def _spent_time(minutes: float | None) -> str:
    return f"the budget of {minutes:g} {'minute' if minutes == 1 else 'minutes'}"


def _ask_once(questions: Sequence[Question]) -> Search[Question, Sequence[Answer]]:
    answers = yield questions
    return answers


def _stop(talk: _Talk[Any]) -> None:
    """Tell a search that there are no more answers; it returns what it knows.

    Raises KeyboardInterrupt if the user interrupted it twice, in the middle of a thought.
    """
    if inspect.getgeneratorstate(talk.search) == inspect.GEN_CLOSED:
        raise KeyboardInterrupt
    try:
        talk.search.throw(Unanswered())
    except StopIteration as end:
        talk.found.append(end.value)
    else:
        raise InternalError("A search asked on after its budget was spent.")
