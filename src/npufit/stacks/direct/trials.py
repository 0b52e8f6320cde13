"""Settings with which Linux would take a stream that it refuses: found by compiling with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from npufit.errors import NpufitError
from npufit.ethosu import read_programs
from npufit.graph import Model
from npufit.stacks.direct.refusals import Judged
from npufit.stacks.direct.vela_release import RELEASE, invocation_for
from npufit.stacks.direct.verdicts import judge_calls, sram_of
from npufit.stacks.placement import Note
from npufit.stacks.rule import Evidence
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.vela.compilation import parse_compiled
from npufit.stacks.vela.compiling import Invocation, compile_with
from npufit.stacks.vela.environments import list_environments
from npufit.stacks.vela.precompiled import is_precompiled
from npufit.stacks.vela.releases import NEWEST, is_bsp

_ARENA = "arena-cache-size"
_SHARES = (1, 0.75, 0.5)
"""Parts of the chip's SRAM that are tried as arena, in this order."""
_MOST_RELEASES = 3

Choice = tuple[str, str]


def settings_notes(model: Model, judged: Judged, invocation: Invocation, options: PlaceOptions) -> Iterator[Note]:
    """Yield which setting makes Linux take the streams, or which were tried in vain; nothing if none can matter."""
    failed = {
        finding.check.id
        for verdict in judged.verdicts
        if verdict.accepted is False
        for finding in verdict.findings
        if finding.is_certain
    }
    if not failed or options.vela is not None:
        return
    sources = dict.fromkeys(_CHOICES.get(check, _other_releases) for check in sorted(failed))
    tried: list[str] = []
    for choice in (choice for choices in sources for choice in choices(judged, invocation)):
        found = _is_taken(model, judged, choice, options)
        if found:
            text = f"Linux {judged.kernel} accepts what Vela compiles with --set {'='.join(choice)}"
            yield Note(text, Evidence.EXECUTED, "compiled that way and judged")
            return
        if found is not None:
            tried.append("=".join(choice))
    if tried:
        yield Note(f"Also refused with --set {' or '.join(tried)}", Evidence.EXECUTED, "compiled that way and judged")


def _smaller_arenas(judged: Judged, invocation: Invocation) -> list[Choice]:
    sram, present = sram_of(judged.target.chip), invocation.settings.arena_cache_size_bytes
    sizes = [int(share * sram) for share in _SHARES]
    return [(_ARENA, str(size)) for size in sizes if present is None or size < present]


def _other_releases(judged: Judged, invocation: Invocation) -> list[Choice]:
    """Return the installed releases of Vela but the one that compiled, the newest first."""
    installed = [entry.name for entry in list_environments() if not is_bsp(entry.name)]
    return [
        (RELEASE, name)
        for name in [NEWEST, *reversed(installed)][: _MOST_RELEASES + 1]
        if name != invocation.compiler.number
    ]


_CHOICES: dict[str, Callable[[Judged, Invocation], list[Choice]]] = {
    "sram-size": _smaller_arenas,
    "sram-extent": _smaller_arenas,
}
"""What can matter for a check; for any other one, how another release of Vela writes the operation."""


def _is_taken(model: Model, judged: Judged, choice: Choice, options: PlaceOptions) -> bool | None:
    """Return whether Linux takes the streams that Vela writes with `choice`, None if it does not compile."""
    name, value = choice
    settings = (*(pair for pair in options.settings if pair[0] != name), (name, value))
    changed = replace(options, settings=settings)
    try:
        compiled = parse_compiled(compile_with(invocation_for(judged.target, changed), model, changed).compiled)
        calls = read_programs(compiled) if is_precompiled(compiled) else ()
    except NpufitError:
        return None
    return all(verdict.accepted for verdict in judge_calls(calls, judged.kernel, judged.target.chip))
