"""probe: which limits a converter has, found by asking it about models that are made for the purpose."""

from __future__ import annotations

from collections.abc import Sequence

from npufit._version import __version__
from npufit.errors import ToolError
from npufit.jobs import key_of
from npufit.probing.asking import Converter, Desk, End, Subject, choose_converter
from npufit.probing.options import Command, ProbeOptions
from npufit.probing.questions import Space, measure_point, spaces
from npufit.probing.result import ProbeResult
from npufit.probing.searching import GroupFindings, OperatorFindings, search_groups, search_operator, without_implied
from npufit.stacks.probed import Probed, ProbedRules, asked_ranges


def probe(subject: Subject, options: ProbeOptions | None = None) -> ProbeResult:
    """Return the limits of what `subject` names: a target with a tool, a `Command`, or your own `Converter`.

    Every limit was found by asking for models of one operator, and of short chains; nothing is taken from rules that
    npufit knows. Answers are kept, so that a second probe asks only what is new. Ctrl-C ends the questions; the
    result is what was found so far. Raises InputError for a wrong subject or operator type, ToolError if the tool is
    missing, cannot be started, or says of no model where its operators run.
    """
    options = options or ProbeOptions()
    wanted = spaces(options.operators)
    converter = choose_converter(subject, options)
    with Desk(converter, options, gives_up=True) as desk:
        operators, groups = _search(desk, wanted, options)
        if desk.trouble and not desk.has_answers:
            longer = " --time-limit SECONDS gives it more time." if desk.trouble.end is End.TIMEOUT else ""
            raise ToolError(
                f"{converter.name} said of none of {desk.answered} models where the operators run. The first time: "
                f"{desk.trouble.message.rstrip('.')}.{longer}"
            )
        rules = _rules(subject, converter, options, operators, groups, desk.questions)
        return ProbeResult(rules, operators, groups, desk.questions, desk.kept, desk.ended_by)


def _search(
    desk: Desk, wanted: Sequence[Space], options: ProbeOptions
) -> tuple[tuple[OperatorFindings, ...], GroupFindings | None]:
    """Return what all searches found, each operator without the limits that follow from those on groups."""
    for_groups = [search_groups(options.seed)] if options.groups else []
    found = desk.run([*(search_operator(space, options.seed) for space in wanted), *for_groups])
    operators = tuple(entry for entry in found if isinstance(entry, OperatorFindings))
    groups = next((entry for entry in found if isinstance(entry, GroupFindings)), None)
    if groups is None:
        return operators, None
    return tuple(without_implied(entry, groups.limits) for entry in operators), groups


def _rules(
    subject: Subject,
    converter: Converter,
    options: ProbeOptions,
    operators: Sequence[OperatorFindings],
    groups: GroupFindings | None,
    questions: int,
) -> ProbedRules:
    """Return what a placement needs to know of the converter."""
    return ProbedRules(
        name=converter.name,
        target=_target_of(subject, converter, options),
        tool=converter.name,
        version=converter.version,
        identity=(key_of(*converter.identify()),),
        questions=questions,
        seed=options.seed,
        made_by=__version__,
        operators=tuple(map(_probed, operators)),
        limits=tuple(limit for found in operators for limit in found.limits),
        groups=groups.limits if groups else (),
        separators=groups.separators if groups else (),
        crashes=tuple(crash for found in (*operators, *([groups] if groups else [])) for crash in found.crashes),
    )


def _probed(found: OperatorFindings) -> Probed:
    """Return what is kept of the search of one operator: beyond the models that were taken nothing is known."""
    accepted = (measure_point(asked.point) for asked in found.asked if asked.is_accepted)
    ranges = asked_ranges(measured for measured in accepted if measured is not None)
    return Probed(found.operator, found.is_taken, len(found.asked), ranges)


def _target_of(subject: Subject, converter: Converter, options: ProbeOptions) -> str:
    """Return the target that the converter compiles for: the one that the user names, or the subject itself."""
    if options.target or isinstance(subject, Command):
        return options.target
    return str(getattr(converter, "target", ""))
