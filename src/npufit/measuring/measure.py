"""One model on the board, from the file to the measurement; what was measured before a failure is kept."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.cost import EstimateOptions, Kernels
from npufit.errors import InputError, LostConnectionError, NpufitError, ToolError
from npufit.formatting import plural
from npufit.measurements import Measurement, OutputComparison, anonymous, measurement_bytes, parse_measurement
from npufit.measuring.assembling import Finished, assemble
from npufit.measuring.on_board import ModelOnBoard, send, with_inputs
from npufit.measuring.outputs import compare_outputs
from npufit.measuring.plan import Wishes
from npufit.measuring.preparing import PreparedModel, prepare_for, prepare_for_cpu
from npufit.measuring.progress import BenchProgress, BenchStage
from npufit.measuring.result import NotMeasured
from npufit.measuring.runs import Record, Role, Runner
from npufit.measuring.setup import Setup
from npufit.measuring.subject import Subject


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of a model: a measurement or why there is none, and what ended the whole bench, None if nothing."""

    measurement: Measurement | None = None
    not_measured: NotMeasured | None = None
    ended_by: LostConnectionError | KeyboardInterrupt | None = None


def measure(setup: Setup, subject: Subject, day: str, progress: BenchProgress) -> Measured:
    """Return what was measured of `subject`; a lost line and an interrupt are returned, too, and not raised."""
    name = subject.model.name
    work = _Work(setup, subject, progress)
    try:
        prepared = work.prepare()
    except LostConnectionError as lost:
        return Measured(None, NotMeasured(name, str(lost)), lost)
    except (InputError, ToolError) as error:
        reason = str(error).removeprefix(f"{name}: ")
        return Measured(None, NotMeasured(name, reason, isinstance(error, InputError)))
    ended_by = work.carry_out(prepared)
    measurement = assemble(setup, subject, prepared, work.finished(), day)
    if measurement is None:
        return Measured(None, NotMeasured(name, work.why_nothing()), ended_by)
    try:  # what is returned is what a file keeps
        found = parse_measurement(measurement_bytes(anonymous(measurement, setup.private)))
    except (ValueError, InputError) as error:
        return Measured(None, NotMeasured(name, f"the board's answers make no sense: {error}"), ended_by)
    return Measured(found, None, ended_by)


class _Work:
    """The state of one model's measurement."""

    def __init__(self, setup: Setup, subject: Subject, progress: BenchProgress) -> None:
        self._setup, self._subject, self._progress = setup, subject, progress
        self._record = Record()
        self._outputs: OutputComparison | None = None
        self._failures: list[str] = []

    def prepare(self) -> PreparedModel:
        """Return the model as the board takes it."""
        self._progress(BenchStage.PREPARE)
        setup, subject = self._setup, self._subject
        chosen, options = setup.choice.chosen, setup.options
        if chosen is None:
            return prepare_for_cpu(subject.model, subject.content)
        kernels = None if options.xnnpack is None else Kernels.XNNPACK if options.xnnpack else Kernels.BUILTIN
        estimate = chosen.options(EstimateOptions(threads=setup.threads, kernels=kernels))
        return prepare_for(
            subject.model,
            subject.content,
            chosen.target,
            options.place,
            estimate,
            is_boards_own=setup.choice.is_boards_own,
            has_delegate=bool(setup.choice.delegate),
        )

    def carry_out(self, prepared: PreparedModel) -> LostConnectionError | KeyboardInterrupt | None:
        """Make all runs; return what ended the bench, None if nothing did."""
        try:
            self._progress(BenchStage.RUN)
            on_board = self._with_inputs(send(self._setup, prepared), prepared)
            runner = Runner(self._setup.connection, on_board, self._setup.options.time_limit_s)
            runner.carry_out(self._wishes(prepared, on_board), self._record, self._tell)
            self._compare(on_board, prepared)
        except LostConnectionError as lost:
            self._fail(f"The line to the board was lost after {plural(len(self._record.done), 'run')}")
            return lost
        except KeyboardInterrupt as interrupt:
            self._fail(f"Interrupted by the user after {plural(len(self._record.done), 'run')}")
            return interrupt
        except NpufitError as error:
            self._fail(str(error))
        return None

    def _tell(self, done: int, total: int) -> None:
        self._progress(BenchStage.RUN, done, total)

    def _wishes(self, prepared: PreparedModel, on_board: ModelOnBoard) -> Wishes:
        setup, options = self._setup, self._setup.options
        has_npu = setup.choice.target is not None
        return Wishes(
            cpu=prepared.runs_on_cpu and (options.with_cpu or not has_npu),
            npu=has_npu,
            known=options.with_proof and setup.known.prepared is not None,
            evidence=options.with_proof and setup.has_evidence_run,
            profile=options.with_profile,
            outputs=on_board.inputs is not None,
            processes=options.processes,
        )

    def _with_inputs(self, on_board: ModelOnBoard, prepared: PreparedModel) -> ModelOnBoard:
        setup = self._setup
        if not setup.options.compare:
            return on_board
        try:
            return with_inputs(on_board, prepared, setup.options, with_npu=setup.choice.target is not None)
        except InputError as error:
            self._fail(f"Outputs are not compared: {error}")
            return on_board

    def _compare(self, on_board: ModelOnBoard, prepared: PreparedModel) -> None:
        ran = self._record.of(Role.OUTPUTS)
        if on_board.inputs is None or not ran or ran[0].problem:
            return
        self._progress(BenchStage.COMPARE)
        options = self._setup.options
        try:
            found = compare_outputs(self._setup.connection, prepared, on_board.inputs, options.tolerance, options.place)
        except LostConnectionError:
            raise
        except (InputError, ToolError) as error:
            self._fail(f"Outputs are not compared: {error}")
        else:
            self._outputs = found

    def _fail(self, sentence: str) -> None:
        connection = self._setup.connection
        text = sentence.replace(f"{connection.name}: ", "").replace(f"{connection.folder}/", "")
        self._failures.append(f"{text.replace(connection.name, 'the board').rstrip('.')}.")

    def finished(self) -> Finished:
        """Return what there is."""
        notes = () if self._setup.known.prepared or not self._setup.known.why else (self._setup.known.why,)
        return Finished(self._record, self._outputs, (*notes, *self._failures))

    def why_nothing(self) -> str:
        """Return why no run has a time."""
        problems = (run.problem for run in self._record.done if run.problem)
        found = dict.fromkeys((*problems, *self._record.remarks, *self._failures))
        return " ".join(found) or "no run printed a time."
