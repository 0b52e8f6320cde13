"""Whether the NPU ran, judged from runs: a table of cases in words, and what must hold for any of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seen_runs import moving, seen_run

from npufit.measurements import Proof, ProofVerdict
from npufit.measuring.proof import Seen, SeenRun, evidence_of, judge, profile_of
from npufit.measuring.tools.tool import DelegateFinding, DelegateUse

PROVEN, CONSISTENT = ProofVerdict.PROVEN, ProofVerdict.CONSISTENT
CONTRADICTED, UNKNOWN = ProofVerdict.CONTRADICTED, ProofVerdict.UNKNOWN
_LINES = {
    "ethosu": "ethosu",
    "rocket": "fdab0000.npu, fdab9000.iommu",
    "etnaviv": "38500000.npu",
    "vela": "imx_mu_chan[1-0]",
    "neutron": "imx-neutron-mailbox",
    "vx": "galcore:3d-1",
}
_CERTAIN = ("ethosu", "rocket", "etnaviv")
"""Drivers that are believed without a known network."""


def _seen(driver: str, *, cpu: int | None = 0, known: int | None = 100, model: int | None = 100) -> Seen:
    """Return what was seen when the driver's line moved so much during 100 calls of each; None for no such run."""
    line = _LINES[driver]

    def runs(by: int | None) -> tuple[SeenRun, ...]:
        return () if by is None else (moving(line, by),)

    stack = "teflon" if driver in _CERTAIN else driver
    return Seen(
        "chip", stack, driver, runs(cpu), runs(known), runs(model), partitions=1, has_device=True, has_delegate=True
    )


def _renamed(driver: str, known: int, model: int, cpu: int = 0) -> Seen:
    """Return what was seen of a board whose driver calls its line as npufit has never read."""
    runs = ((moving("made-by-nobody", by),) for by in (cpu, known, model))
    return Seen("chip", driver, driver, *runs, partitions=1, has_device=True, has_delegate=True)


@pytest.mark.parametrize("driver", _LINES)
def test_a_counter_that_stands_still_on_the_cpu_and_moves_once_for_each_call_proves_it(driver: str) -> None:
    proof = judge(_seen(driver))
    assert proof.verdict is PROVEN
    assert proof.sentence.endswith("interrupted once for each of 100 calls")
    [evidence] = proof.evidence
    assert (evidence.on_cpu, evidence.known, evidence.model, evidence.calls) == (0, 100, 100, 100)
    assert _LINES[driver] in evidence.source
    assert evidence.assumes


@pytest.mark.parametrize("driver", _LINES)
def test_a_counter_that_moves_with_the_known_network_only_contradicts(driver: str) -> None:
    proof = judge(_seen(driver, model=0))
    assert proof.verdict is CONTRADICTED
    assert "stood still during 100 calls: everything ran on the CPU" in proof.sentence


CASES = [
    ("three partitions, as predicted", replace(_seen("ethosu", model=300), partitions=3), PROVEN, "3 times for each"),
    ("fewer jobs than predicted, yet one a call", replace(_seen("ethosu"), partitions=3), PROVEN, "(npufit expects 3)"),
    ("ethosu: no whole number for each call", _seen("ethosu", model=153), CONSISTENT, "153 times in 100 calls"),
    (
        "a tool that makes one inference more than it counts, as the known network shows",
        replace(_seen("ethosu", known=101, model=202), partitions=2),
        PROVEN,
        "2 times for each of 101 calls, of which the tool does not count 1 (once for each of 2 partitions)",
    ),
    ("one interrupt too many, but not with the known network", _seen("ethosu", model=101), CONSISTENT, "101 times in"),
    ("rocket: tasks of no whole number", _seen("rocket", model=153), PROVEN, "153 times in 100 calls"),
    ("a known network of two messages a call", _seen("vela", known=200, model=200), PROVEN, "2 times for each"),
    ("ethosu is believed without a known network", _seen("ethosu", known=None), PROVEN, "once for each"),
    ("a mailbox is not", _seen("vela", known=None), CONSISTENT, "no known network"),
    ("galcore is not", _seen("vx", known=None), CONSISTENT, "no known network"),
    ("without the CPU alone it is no proof", _seen("ethosu", cpu=None), CONSISTENT, "without a run on the CPU"),
    ("another user", _seen("ethosu", cpu=30), UNKNOWN, "of which others may have caused 30"),
    ("another user, but far more with the model", _seen("ethosu", cpu=30, model=400), CONSISTENT, "something else"),
    ("another user who covers everything", _seen("ethosu", cpu=100), UNKNOWN, "others may have caused 100"),
    ("another user, and still nothing with the model", _seen("ethosu", cpu=30, model=0), CONTRADICTED, "stood still"),
    ("half of the calls", _seen("ethosu", model=50), UNKNOWN, "50 times in 100 calls: it did not run in each"),
    ("what opening the device causes", _seen("vx", model=3), CONTRADICTED, "only 3 times in 100 calls"),
    ("still, and no known network: ethosu", _seen("ethosu", known=None, model=0), CONTRADICTED, "stood still"),
    ("still, and no known network: galcore", _seen("vx", known=None, model=0), UNKNOWN, "no known network"),
    ("still with the known network too: ethosu", _seen("ethosu", known=0, model=0), CONTRADICTED, "and also with"),
    ("still with the known network too: mailbox", _seen("vela", known=0, model=0), CONTRADICTED, "and also with"),
    ("still with the known network too: galcore", _seen("vx", known=0, model=0), UNKNOWN, "may not count"),
    ("the known network moves it rarely", _seen("vx", known=30, model=0), UNKNOWN, "less than once a call"),
    ("moves with the model, not with the known one", _seen("vx", known=0), CONSISTENT, "no known network"),
    ("a line of another name that the known network moves", _renamed("vx", 200, 300), PROVEN, "3 times for each of"),
    ("a line of another name, still with the model", _renamed("vx", 200, 0), CONTRADICTED, "stood still during 100"),
    ("a line of another name that does not count calls", _renamed("vx", 190, 300), UNKNOWN, "no line of"),
    ("a line of another name that also moves on the CPU", _renamed("vx", 200, 300, cpu=1), UNKNOWN, "no line of"),
    ("Neutron polls", replace(_seen("neutron"), polls=True), UNKNOWN, "waits without interrupts"),
    ("Neutron may poll: the known network tells", _seen("neutron", known=0, model=0), UNKNOWN, "may not count"),
    (
        "no line of the driver",
        replace(_seen("ethosu", known=None), driver="rocket"),
        UNKNOWN,
        "no line of /proc/interrupts",
    ),
    ("the driver is unknown: its line tells", replace(_seen("rocket"), driver=""), PROVEN, "once for each"),
    ("no run of the NPU", _seen("ethosu", model=None), UNKNOWN, "there was no run with the NPU"),
    (
        "no target at all",
        Seen("", "", "", (seen_run(9),), has_device=True),
        UNKNOWN,
        "there is no NPU that npufit knows",
    ),
    ("no NPU", replace(_seen("ethosu", model=None), has_device=False), UNKNOWN, "there is no NPU"),
    ("no delegate", replace(_seen("ethosu", model=None), has_delegate=False), UNKNOWN, "delegate is missing"),
    ("the run failed", replace(_seen("ethosu"), model=(seen_run(is_timed=False),)), UNKNOWN, "came to its end"),
    ("calls are unknown", replace(_seen("ethosu"), model=(moving("ethosu", 9, None),)), UNKNOWN, "how many inferences"),
    (
        "a delegate on a board without device",
        replace(_seen("ethosu", model=0), has_device=False, model=(seen_run(100, {"eth0": 1}),)),
        CONTRADICTED,
        "has no device of an NPU",
    ),
    (
        "the device is missing, yet the counter moves",
        replace(_seen("ethosu"), has_device=False),
        PROVEN,
        "once for each",
    ),
    (
        "the known network failed",
        replace(_seen("vela"), known=(seen_run(is_timed=False),)),
        CONSISTENT,
        "no known network",
    ),
    (
        "a process that did not use the NPU among others that did",
        replace(_seen("ethosu"), model=(moving("ethosu", 300), moving("ethosu", 0))),
        UNKNOWN,
        "only in 1 of 2 processes",
    ),
    (
        "processes that differ",
        replace(_seen("ethosu"), model=(moving("ethosu", 100), moving("ethosu", 200))),
        CONSISTENT,
        "not the same whole number",
    ),
    (
        "the driver was loaded again, or a counter wrapped",
        replace(_seen("ethosu"), model=(seen_run(100, {"ethosu": 4_294_967_290}, {"ethosu": 94}),)),
        UNKNOWN,
        "at least 94 times in 100 calls: its counter began anew",
    ),
    (
        "the driver was loaded again while the model ran on the CPU",
        replace(_seen("ethosu"), on_cpu=(seen_run(100, {"ethosu": 9000}, {"ethosu": 0}),)),
        CONSISTENT,
        "the counter began anew",
    ),
    (
        "loaded again, and enough after it",
        replace(_seen("ethosu"), model=(seen_run(100, {"ethosu": 9000}, {"ethosu": 120}),)),
        CONSISTENT,
        "at least 120 times",
    ),
    (
        "the mailbox gets its line when the device is first opened",
        replace(_seen("vela"), known=(seen_run(100, {"eth0": 4}, {"eth0": 5, "imx_mu_chan[1-0]": 110}),)),
        PROVEN,
        "once for each of 100 calls",
    ),
    (
        "of several galcore lines that of the GPU is left out",
        Seen(
            "imx8mp",
            "vx",
            "galcore",
            (seen_run(100, {"galcore:0": 5, "galcore:3d-1": 3}, {"galcore:0": 65, "galcore:3d-1": 3}),),
            (seen_run(100, {"galcore:0": 5, "galcore:3d-1": 3}, {"galcore:0": 65, "galcore:3d-1": 103}),),
            (seen_run(100, {"galcore:0": 5, "galcore:3d-1": 3}, {"galcore:0": 65, "galcore:3d-1": 104}),),
            has_device=True,
        ),
        PROVEN,
        "101 times in 100 calls",
    ),
    (
        "three cores of rocket count together",
        replace(
            _seen("rocket"),
            model=(seen_run(99, {"fdab0000.npu": 0, "fdac0000.npu": 0}, {"fdab0000.npu": 60, "fdac0000.npu": 39}),),
        ),
        PROVEN,
        "once for each of 99 calls",
    ),
    (
        "the delegate took nothing",
        replace(_seen("neutron", known=None), model=(seen_run(100, took=0, of=33),)),
        CONTRADICTED,
        "the delegate took none of 33 operators",
    ),
    (
        "the delegate could not be loaded",
        replace(_seen("vx", known=None), model=(seen_run(100, failed="libvx_delegate.so: cannot open"),)),
        CONTRADICTED,
        "could not be used (libvx_delegate.so: cannot open)",
    ),
    (
        "the delegate took nothing, and somebody else moves the counter all the time",
        replace(_seen("ethosu", cpu=100), model=(seen_run(100, {"ethosu": 0}, {"ethosu": 400}, took=0),)),
        CONTRADICTED,
        "the delegate took no operator",
    ),
    (
        "the delegate took nothing, and the counter moves with the model alone",
        replace(_seen("ethosu"), model=(seen_run(100, {"ethosu": 0}, {"ethosu": 100}, took=0),)),
        UNKNOWN,
        "the evidence disagrees",
    ),
    (
        "the delegate says that it took operators, and the counter stands still",
        replace(_seen("ethosu"), model=(seen_run(100, {"ethosu": 5}, took=30, of=31),)),
        CONTRADICTED,
        "stood still during 100 calls, although the delegate says that it took 30 of 31 operators: the NPU did",
    ),
    (
        "nothing but the delegate's word",
        Seen("imx95", "neutron", "", model=(seen_run(100, {"x": 0}, took=1, of=36),), has_device=True),
        CONSISTENT,
        "the delegate says that it took 1 of 36 operators",
    ),
    (
        "a delegate that was created is nothing",
        Seen("imx95", "neutron", "", model=(seen_run(100, output=b"EXTERNAL delegate created."),), has_device=True),
        UNKNOWN,
        "no line of /proc/interrupts",
    ),
    (
        "Neutron polls, but takes contiguous memory",
        Seen(
            "imx95",
            "neutron",
            "neutron",
            on_cpu=(seen_run(100, free_kb=(90_000, 90_000, 90_000)),),
            model=(seen_run(100, free_kb=(90_000, 81_800, 90_000)),),
            has_device=True,
            polls=True,
        ),
        CONSISTENT,
        "8.0 MB of contiguous memory were in use, 0.0 MB on the CPU alone",
    ),
    (
        "the kernel books time of etnaviv's neural engine",
        Seen(
            "imx8mp",
            "teflon",
            "etnaviv",
            on_cpu=(seen_run(100),),
            model=(seen_run(100, engine_ns=({"NN": 1}, {"NN": 250_000_000, "3D": 5})),),
            has_device=True,
        ),
        CONSISTENT,
        "booked 250.0 ms",
    ),
    (
        "NXP's delegate prints cycles for each call",
        Seen(
            "imx93",
            "vela",
            "ethosu",
            model=(seen_run(2),),
            evidence=(seen_run(2, output=b"Ethos-u cycle counter: 3607420\nEthos-u cycle counter: 3607430\n"),),
            has_device=True,
        ),
        PROVEN,
        "the NPU counted its own cycles in each of 2 calls (median 3,607,425)",
    ),
    (
        "cycles of each call go before the mailbox",
        replace(_seen("vela"), evidence=(seen_run(1, output=b"Ethos-u cycle counter: 3607420\n"),)),
        PROVEN,
        "the NPU counted its own cycles in each of 1 call ",
    ),
    (
        "cycles that were asked for and never came",
        replace(
            _seen("vela", known=None, model=0),
            evidence=(seen_run(1, output=b"INFO: Ethosu delegate: enable_cycle_counter set to 1.\n"),),
        ),
        UNKNOWN,
        "stood still",
    ),
    (
        "cycles of some calls",
        Seen(
            "imx93",
            "vela",
            "ethosu",
            model=(seen_run(2),),
            evidence=(seen_run(2, output=b"Ethos-u cycle counter: 3607420\n"),),
            has_device=True,
        ),
        CONSISTENT,
        "1 times in 2 calls",
    ),
    (
        "cycles that are zero",
        Seen(
            "imx93",
            "vela",
            "ethosu",
            model=(seen_run(1),),
            evidence=(seen_run(1, output=b"Ethos-u cycle counter: 0\n"),),
            has_device=True,
        ),
        UNKNOWN,
        "",
    ),
    (
        "cycles, and a mailbox that stood still",
        replace(_seen("vela", known=100, model=0), evidence=(seen_run(1, output=b"Ethos-u cycle counter: 3607420\n"),)),
        UNKNOWN,
        "the evidence disagrees",
    ),
    (
        "Teflon invokes graphs",
        Seen(
            "imx93",
            "teflon",
            "ethosu",
            model=(seen_run(2),),
            evidence=(seen_run(2, output=b"teflon: invoked graph, took 7 ms\n" * 4),),
            has_device=True,
        ),
        CONSISTENT,
        "Teflon invoked a graph 2 times in each of 2 calls",
    ),
    (
        "Teflon is loaded and invokes nothing",
        Seen(
            "imx93",
            "teflon",
            "ethosu",
            model=(seen_run(2),),
            evidence=(seen_run(2, output=b"Teflon delegate: loaded ethosu driver\n"),),
            has_device=True,
        ),
        CONTRADICTED,
        "Teflon invoked no graph in 2 calls",
    ),
    (
        "VeriSilicon's driver times layers",
        Seen(
            "imx8mp",
            "vx",
            "galcore",
            model=(seen_run(2),),
            evidence=(seen_run(2, output=b"execution time:             20552 us\n" * 6),),
            has_device=True,
        ),
        CONSISTENT,
        "timed 6 layers in 2 calls",
    ),
]


@pytest.mark.parametrize(("seen", "verdict", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_was_seen_means(seen: Seen, verdict: ProofVerdict, words: str) -> None:
    proof = judge(seen)
    assert (proof.verdict, words in proof.sentence) == (verdict, True), proof.sentence
    assert "\n" not in proof.sentence
    assert not proof.evidence or proof.verdict in (proof.evidence[0].says, UNKNOWN)


_COUNTS = st.one_of(st.just(0), st.integers(0, 40), st.integers(90, 310), st.sampled_from([100, 200, 300]))


@st.composite
def _any_seen(draw: st.DrawFn) -> Seen:
    driver = draw(st.sampled_from(sorted(_LINES)))
    line = _LINES[driver]

    def runs(most: int) -> tuple[SeenRun, ...]:
        return tuple(
            seen_run(
                100,
                {line: 7} if draw(st.booleans()) else {line: 7, "eth0": 3},
                {line: 7 + draw(_COUNTS)} if draw(st.integers(0, 9)) else {line: 3},
                seconds=draw(st.sampled_from([0.0, 1.0, 5.0])),
                took=draw(st.sampled_from([None, None, 0, 12])),
                failed=draw(st.sampled_from(["", "", "", "no such file"])),
                is_timed=bool(draw(st.integers(0, 7))),
            )
            for _ in range(draw(st.integers(0, most)))
        )

    return Seen(
        "chip",
        "teflon" if driver in _CERTAIN else driver,
        draw(st.sampled_from([driver, ""])),
        runs(2),
        runs(1),
        runs(3),
        partitions=draw(st.sampled_from([None, 1, 2])),
        has_device=draw(st.booleans()),
        has_delegate=draw(st.booleans()),
        polls=draw(st.sampled_from([None, True, False])),
    )


def _counted(runs: tuple[SeenRun, ...]) -> list[int]:
    """Return what each timed run counted over the driver's line; -1 if the counter began anew."""
    timed = [run.run for run in runs if run.timing is not None]
    deltas = [
        after - run.before.interrupts[line]
        for run in timed
        for line, after in run.after.interrupts.items()
        if line != "eth0"
    ]
    return [max(delta, -1) for delta in deltas]


@given(_any_seen())
def test_a_proof_stands_on_a_counter_and_a_contradiction_never_against_one(seen: Seen) -> None:
    proof = judge(seen)
    on_cpu, model = _counted(seen.on_cpu), _counted(seen.model)
    if proof.verdict is PROVEN:
        assert on_cpu
        assert not any(on_cpu)
        assert model
        assert min(model) >= 100
        assert not any(run.timing and run.timing.delegate.failed for run in seen.model) or len(model) > 1
    if proof.verdict is CONTRADICTED:
        still = bool(on_cpu) and not any(on_cpu)
        assert not (still and model and min(model) >= 100 and not (seen.polls and seen.stack == "neutron"))


_RANK = {CONTRADICTED: 0, UNKNOWN: 1, CONSISTENT: 2, PROVEN: 3}


@given(_any_seen())
def test_more_evidence_lowers_a_verdict_only_where_it_contradicts(seen: Seen) -> None:
    def rank(one: Seen) -> int:
        return _RANK[judge(one).verdict]

    known = replace(seen, known=(moving(_LINES[seen.driver or "ethosu"], 300),))
    if seen.driver:
        assert judge(known).verdict is CONTRADICTED or rank(known) >= rank(replace(seen, known=()))
    cycles = replace(seen, evidence=(seen_run(1, output=b"Ethos-u cycle counter: 5\n"),))
    assert rank(cycles) >= rank(seen)


@given(_any_seen())
def test_order_of_runs_does_not_matter(seen: Seen) -> None:
    def key(proof: Proof) -> tuple[ProofVerdict, str]:
        return proof.verdict, proof.sentence

    turned = replace(seen, on_cpu=seen.on_cpu[::-1], known=seen.known[::-1], model=seen.model[::-1])
    assert key(judge(turned))[0] is key(judge(seen))[0]


def test_an_evidence_run_keeps_the_delegates_own_options() -> None:
    delegate = DelegateUse("vela", "libethosu_delegate.so", options=(("device_name", "/dev/ethosu1"),))
    evidence, profile = evidence_of("vela"), profile_of("vela")
    assert evidence is not None
    assert profile is not None
    assert evidence.added_to(delegate).options == (("device_name", "/dev/ethosu1"), ("enable_cycle_counter", "true"))
    assert dict(profile.added_to(delegate).options)["enable_cycle_counter"] == "true"
    assert evidence_of("neutron") is None


def test_hostile_names_of_lines_and_endless_numbers_stay_one_bounded_line() -> None:
    line = "\x1b[2J" + "x" * 5000 + "ethosu"
    output = b"Ethos-u cycle counter: " + b"9" * 100_000 + b"\n"
    seen = replace(_seen("ethosu"), model=(moving(f"{line} ethosu", 100),), evidence=(seen_run(1, output=output),))
    proof = judge(seen)
    assert all(len(one.source) < 300 and one.source.isprintable() for one in proof.evidence)
    vela = replace(_seen("vela"), evidence=(seen_run(1, output=output),))
    assert judge(vela).verdict is PROVEN


def _bundle(partitions: int, lines: dict[str, int] | None = None) -> Seen:
    """Return what was seen of a bundle on a board whose /dev shows no NPU, such as under `npufit vnpu`."""
    run = seen_run(21, lines or {"arch_timer": 5})
    assert run.timing is not None
    timed = replace(run, timing=replace(run.timing, delegate=DelegateFinding(partitions=partitions)))
    return Seen("imx93", "direct", "ethosu", (run,), (), (timed,), partitions=1)


def test_a_bundle_whose_jobs_the_driver_took_is_likely_to_have_run() -> None:
    proof = judge(_bundle(1))
    assert (proof.verdict, proof.sentence) == (
        CONSISTENT,
        "Linux's driver took the jobs of each of 21 calls, as run.py says",
    )
    assert judge(_bundle(1, {"ethosu": 7})).verdict is CONTRADICTED
    assert judge(_bundle(0)).verdict is CONTRADICTED
