"""What a program did on a virtual NPU, for people: one line that answers, and a line for each problem."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.child_process import end_words
from npufit.formatting import plural, printable
from npufit.hosting import HostResult
from npufit.vdevice import Refusal

_MOST_LINES = 3


def vnpu_text(result: HostResult) -> str:
    """Return the report of a program that has ended."""
    lines = [f"virtual {result.chip} NPU ({result.driver}): {_answer(result)}", *_problems(result)]
    return "\n".join(printable(line) for line in lines)


def _answer(result: HostResult) -> str:
    if result.failure is not None:
        return f"it could not go on, so {result.command[0]} was killed. Its results are worthless."
    if not result.opened:
        return (
            f"nothing ran on the NPU: {result.command[0]} never opened {result.node}. Does it load its delegate "
            "(such as libteflon.so)?"
        )
    if not result.submissions and result.refusals:
        return f"nothing ran on the NPU: {_judge(result)} refuses what {result.command[0]} asked for."
    if not result.submissions:
        return (
            f"nothing ran on the NPU: {result.command[0]} opened {result.node} and submitted nothing. Either no "
            "inference was run, or a delegate took no operator."
        )
    submissions = f"{plural(result.submissions, 'submission')} of {plural(result.streams, 'command stream')}"
    findings = plural(len(result.findings), "finding") if result.findings else "no findings"
    captured = "" if result.captured is None else f"; {result.captured} captured"
    return f"{submissions}, {result.simulated_seconds:.2f} s simulated, {findings}{_verdict(result)}{captured}"


def _verdict(result: HostResult) -> str:
    for calls, verb in ((result.refusals, "refuses"), (result.doubts, "may refuse")):
        if calls:
            return f"; {_judge(result)} {verb} {plural(len(calls), 'call')}"
    return f"; {_judge(result)} accepts every stream" if result.kernel is not None else ""


def _judge(result: HostResult) -> str:
    """Return who refuses calls; without a release, those that every driver refuses are left."""
    return "the driver" if result.kernel is None else f"Linux {result.kernel}"


def _problems(result: HostResult) -> list[str]:
    lines = [] if result.failure is None else [f"  {line}" for line in str(result.failure).splitlines()]
    if result.failure is None and result.code < 0:
        lines.append(f"  {result.command[0]} was ended by {end_words(result.code)}.")
    lines += _listed([_refusal(refusal) for refusal in (*result.refusals, *result.doubts)])
    return lines + _listed(result.findings)


def _listed(found: Sequence[str]) -> list[str]:
    lines = [f"  {line}" for line in found[:_MOST_LINES]]
    rest = len(found) - len(lines)
    return [*lines, f"  and {rest} more (--json FILE lists them all)"] if rest else lines


def _refusal(refusal: Refusal) -> str:
    return f"{refusal.call} ({refusal.errno}): {refusal.why}"
