"""What to switch on for one more run whose messages are evidence; printing disturbs its time, which does not count."""

from __future__ import annotations

from dataclasses import dataclass, replace

from npufit.measuring.tools.tool import DelegateUse


@dataclass(frozen=True, slots=True)
class EvidenceRun:
    """Switches of a stack's delegate: options and variables of the environment."""

    options: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()

    def added_to(self, delegate: DelegateUse) -> DelegateUse:
        """Return `delegate` with these switches; its own options and variables of the same names give way."""
        return replace(
            delegate,
            options=_merged(delegate.options, self.options),
            environment=_merged(delegate.environment, self.environment),
        )


_EVIDENCE = {
    # tflite-ethosu-delegate: prints "Ethos-u cycle counter: N" after each call.
    "vela": EvidenceRun(options=(("enable_cycle_counter", "true"),)),
    "teflon": EvidenceRun(environment=(("TEFLON_DEBUG", "verbose"),)),
    "vx": EvidenceRun(environment=(("VIV_VX_DEBUG_LEVEL", "1"), ("CNN_PERF", "1"))),
}

_PROFILES = {
    # The firmware starts the NPU's cycle counter only if it is asked for as well. A large network has more changes of
    # position than the 2048 that the delegate keeps unless told otherwise.
    "vela": EvidenceRun(
        options=(
            ("enable_cycle_counter", "true"),
            ("enable_profiling", "true"),
            ("profiling_buffer_size", "16384"),
        )
    ),
}


def evidence_of(stack: str) -> EvidenceRun | None:
    """Return what makes the delegate of `stack` print evidence, None if nothing does."""
    return _EVIDENCE.get(stack)


def profile_of(stack: str) -> EvidenceRun | None:
    """Return what makes the delegate of `stack` print the time of its operators, None if nothing does."""
    return _PROFILES.get(stack)


def _merged(given: tuple[tuple[str, str], ...], added: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple({**dict(given), **dict(added)}.items())
