"""Comparing models, targets and saved results: what moved, what is dangerous now, what it costs, and gates."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import npufit
from npufit.cli.main import npufit as group
from npufit.comparing import Aspect, Comparison, MatchedBy, OperatorPair, Snapshot, Verdict
from npufit.comparing.from_check import take_snapshot
from npufit.comparing.matching import match_operators
from npufit.comparing.saved import read_snapshots
from npufit.comparing.snapshot import SnapshotMemory
from npufit.report import Page
from npufit.report.compare import compare_markdown, compare_text
from npufit.stacks import Effect, Unit
from real_files import find_model

_OLD, _NEW = "imx93/teflon@25.3", "imx93/teflon@26.2"
_NETWORK = "zoo:mobilenet_v2@96,int8"


@pytest.fixture(scope="module")
def checks() -> dict[str, npufit.CheckResult]:
    """Return the check of one network for two releases."""
    return {target: npufit.check(_NETWORK, target) for target in (_OLD, _NEW)}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of `npufit check --json` for two releases of Teflon and another stack."""
    path = tmp_path_factory.mktemp("saved") / "saved.json"
    targets = [word for target in (_OLD, _NEW, "imx8mp/vx") for word in ("-t", target)]
    done = CliRunner().invoke(group, ["check", _NETWORK, *targets, "--json", "-o", str(path)])
    assert done.exit_code == 0, done.output
    return path


def _changed(path: Path, folder: Path, **fields: Any) -> Path:
    document = json.loads(path.read_text(encoding="utf-8")) | fields
    other = folder / "changed.json"
    other.write_text(json.dumps(document), encoding="utf-8")
    return other


def _compared(before: Snapshot, after: Snapshot) -> Comparison:
    return Comparison(before, after, match_operators(before.operators, after.operators))


def test_two_releases(checks: dict[str, npufit.CheckResult]) -> None:
    options = npufit.CompareOptions((_NEW, _OLD), ("moved-to-cpu==0", "moved-to-npu<=0%", "predicted-ms-ratio<=1.05"))
    result = npufit.compare(checks[_OLD].model, options=options)
    (comparison,) = result.comparisons
    before, after = checks[_NEW].summary, checks[_OLD].summary
    assert len(comparison.moved_to_cpu) == after.cpu - before.cpu + len(comparison.moved_to_npu) > 10
    assert all(pair.by is MatchedBy.IDENTITY for pair in comparison.matching.pairs)
    per_channel = next(change for change in comparison.rules if change.rule == "ethosu.per-channel")
    assert (per_channel.before, per_channel.after) == (0, len(per_channel.operators))
    assert comparison.verdict is Verdict.WORSE
    assert [gate.passed for gate in result.gates] == [False, True, False]
    assert compare_text(result, Page()).startswith(f"worse: {len(comparison.moved_to_cpu)} operators moved to the CPU")
    reverse = npufit.compare(checks[_OLD], checks[_NEW]).comparisons[0]
    assert reverse.verdict is Verdict.BETTER
    assert len(reverse.moved_to_npu) == len(comparison.moved_to_cpu)
    assert len(reverse.hazards_lost) == len(comparison.hazards_gained) > 0


def test_a_saved_result_is_the_check_that_it_was_saved_from(checks: dict[str, npufit.CheckResult], saved: Path) -> None:
    read = read_snapshots(saved)
    for snapshot, result in zip(read, checks.values(), strict=False):
        live = take_snapshot(result)
        result = npufit.CompareResult((_compared(snapshot, live), _compared(live, snapshot)))
        for comparison in result.comparisons:
            assert comparison.verdict is Verdict.SAME
            assert comparison.matching.is_identical
            assert not comparison.rules
            assert comparison.before.memory == comparison.after.memory
            assert comparison.before.boundary_bytes == comparison.after.boundary_bytes
            assert comparison.time is not None
            assert comparison.time.ratio == pytest.approx(1.0, abs=1e-5)


def test_a_saved_result_and_a_model_meet_by_target(saved: Path) -> None:
    result = npufit.compare(saved, _NETWORK)
    assert [comparison.name for comparison in result.comparisons] == [_OLD, _NEW, "imx8mp/vx@lf-6.6.36"]
    assert {comparison.verdict for comparison in result.comparisons} == {Verdict.SAME}
    chosen = npufit.compare(saved, saved, npufit.CompareOptions((_OLD,)))
    assert [comparison.name for comparison in chosen.comparisons] == [_OLD]


def test_releases_of_one_stack_meet_and_what_is_alone_is_named(saved: Path, tmp_path: Path) -> None:
    results = json.loads(saved.read_text(encoding="utf-8"))["results"]
    before = _changed(saved, tmp_path, results=[results[0], results[2]])
    after = before.with_name("after.json")
    after.write_text(json.dumps(json.loads(saved.read_text(encoding="utf-8")) | {"results": [results[1]]}))
    result = npufit.compare(before, after)
    assert [comparison.name for comparison in result.comparisons] == [f"{_OLD} → {_NEW}"]
    assert [snapshot.target for snapshot in result.only_before] == ["imx8mp/vx@lf-6.6.36"]
    assert "Only before: imx8mp/vx@lf-6.6.36" in compare_text(result, Page())
    assert "Only before: imx8mp/vx@lf-6.6.36" in compare_markdown(result)


def test_results_of_the_former_schema_are_read(saved: Path, tmp_path: Path) -> None:
    document = json.loads(saved.read_text(encoding="utf-8"))
    hazards = [hazard for result in document["results"] for hazard in result["hazards"]]
    assert {hazard["id"] for hazard in hazards} == {"ethosu.pad-folded"}
    for hazard in hazards:
        hazard["id"] = "H2"
    former = _changed(saved, tmp_path, schema_version=1, results=document["results"])
    assert {entry.verdict for entry in npufit.compare(former, saved).comparisons} == {Verdict.SAME}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"schema_version": 9}, "schema_version"),
        ({"results": []}, "results"),
        ({"results": [{"target": "imx93/teflon"}]}, "results.0"),
        ({"npufit_version": "1" * 1000}, "npufit_version"),
    ],
)
def test_a_file_that_is_no_result_is_refused(broken: dict[str, Any], said: str, saved: Path, tmp_path: Path) -> None:
    with pytest.raises(npufit.InputError, match=rf"{re.escape(said)}.*`npufit check --json`"):
        npufit.compare(_changed(saved, tmp_path, **broken), saved)


@pytest.mark.parametrize("text", ["", "[", "[" * 10_000, '{"results": NaN}', "\x00", '"result"', "nul"])
def test_a_file_that_is_not_json_is_refused(text: str, saved: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    with pytest.raises(npufit.InputError, match=r"bad\.json"):
        npufit.compare(saved, tmp_path / "bad.json")


def test_contradictions_in_a_file_are_refused(saved: Path, tmp_path: Path) -> None:
    results = json.loads(saved.read_text(encoding="utf-8"))["results"]
    results[0]["operators"].append(results[0]["operators"][0])
    with pytest.raises(npufit.InputError, match="an operator occurs twice"):
        npufit.compare(saved, _changed(saved, tmp_path, results=results))
    results = json.loads(saved.read_text(encoding="utf-8"))["results"]
    results[0]["hazards"][0]["operators"] = [1_000_000]
    with pytest.raises(npufit.InputError, match="names an operator that is not there"):
        npufit.compare(saved, _changed(saved, tmp_path, results=results))


def test_names_in_a_file_cannot_control_a_terminal_or_a_page(saved: Path, tmp_path: Path) -> None:
    evil = "\x1b[2J<script>alert(1)</script>|`"
    document = json.loads(saved.read_text(encoding="utf-8"))
    for result in document["results"][:1]:
        result["target"] = evil
        for operator in result["operators"]:
            operator |= {"type": evil, "rule": evil, "reason": evil, "found": evil, "unit": "cpu"}
        for hazard in result["hazards"]:
            hazard |= {"id": evil, "message": evil}
    evil_file = _changed(saved, tmp_path, model={"name": evil}, npufit_version=evil, results=document["results"][:1])
    only_old = tmp_path / "old.json"
    only_old.write_text(json.dumps(json.loads(saved.read_text()) | {"results": [document["results"][1]]}))
    result = npufit.compare(only_old, evil_file)
    assert "\x1b" not in compare_text(result, Page(), everything=True)
    markdown = compare_markdown(result)
    assert "<script>" not in markdown
    assert "\x1b" not in markdown


def test_what_cannot_be_compared_is_refused(saved: Path) -> None:
    model = find_model("person_detect.tflite")
    cases: list[tuple[tuple[Any, ...], str]] = [
        ((model,), "no target given"),
        ((model, model), "no target given"),
        ((model, None, npufit.CompareOptions((_OLD,))), "one MODEL is compared on two targets, but there is 1"),
        ((saved,), "there are 3"),
        ((saved, saved, npufit.CompareOptions(("rk3588/teflon",))), "has no result for rk3588/teflon"),
        ((saved, saved, npufit.CompareOptions(require=("hazards==0",))), "unknown quantity 'hazards'"),
        ((saved, "absent.json"), "absent.json: cannot be read"),
    ]
    for arguments, said in cases:
        with pytest.raises(npufit.InputError, match=re.escape(said)):
            npufit.compare(*arguments)


def test_each_aspect_is_seen_in_both_directions(checks: dict[str, npufit.CheckResult]) -> None:
    snapshot = take_snapshot(checks[_OLD])
    assert snapshot.time is not None
    on_npu = next(operator for operator in snapshot.operators if operator.unit is Unit.NPU)
    on_cpu = next(operator for operator in snapshot.operators if operator.unit is Unit.CPU)

    def with_unit(operator: Any, unit: Unit) -> Snapshot:
        changed = replace(operator, unit=unit)
        return replace(snapshot, operators=tuple(changed if o is operator else o for o in snapshot.operators))

    without_cpu = replace(snapshot, operators=tuple(o for o in snapshot.operators if o is not on_cpu))
    memory = SnapshotMemory("SRAM", 100, 200), SnapshotMemory("SRAM", 300, 200)
    slow = replace(snapshot.time, total_ms=1e6, low_ms=9e5, high_ms=2e6)
    assert without_cpu.hazards == snapshot.hazards
    assert snapshot.hazards[0].effect is Effect.CRASH
    fewer = replace(snapshot, hazards=snapshot.hazards[1:])
    milder = replace(snapshot, hazards=(replace(snapshot.hazards[0], effect=Effect.WRONG), *snapshot.hazards[1:]))
    cases: list[tuple[Snapshot, Snapshot, list[Aspect], list[Aspect]]] = [
        (snapshot, with_unit(on_npu, Unit.CPU), [Aspect.MOVED_TO_CPU], [Aspect.MOVED_TO_NPU]),
        (snapshot, with_unit(on_npu, Unit.UNKNOWN), [Aspect.BECAME_UNKNOWN], []),
        (without_cpu, snapshot, [Aspect.MORE_ON_CPU], [Aspect.FEWER_ON_CPU]),
        (fewer, snapshot, [Aspect.HAZARDS_GAINED], [Aspect.HAZARDS_LOST]),
        (snapshot, replace(snapshot, partitions=99), [Aspect.MORE_PARTITIONS], [Aspect.FEWER_PARTITIONS]),
        (snapshot, replace(snapshot, time=slow), [Aspect.SLOWER], [Aspect.FASTER]),
        (
            replace(snapshot, memory=memory[:1]),
            replace(snapshot, memory=memory[1:]),
            [Aspect.MEMORY_TOO_SMALL],
            [Aspect.MEMORY_FITS],
        ),
    ]
    for before, after, forward, backward in cases:
        there, back = _compared(before, after), _compared(after, before)
        assert [change.aspect for change in there.changes] == forward
        assert [change.aspect for change in back.changes] == backward
        assert there.verdict is Verdict.WORSE
        assert back.verdict is (Verdict.BETTER if backward else Verdict.SAME)
    crash = _compared(milder, snapshot)
    assert (len(crash.hazards_gained), len(crash.hazards_lost), crash.verdict) == (1, 1, Verdict.MIXED)
    assert "1 hazard gained (a crash)" in compare_text(npufit.CompareResult((crash,)), Page())


def test_overlapping_ranges_do_not_make_a_verdict(checks: dict[str, npufit.CheckResult]) -> None:
    snapshot = take_snapshot(checks[_OLD])
    assert snapshot.time is not None
    assert snapshot.time.high_ms is not None
    slower = replace(snapshot.time, total_ms=snapshot.time.high_ms, high_ms=2 * snapshot.time.high_ms)
    comparison = _compared(snapshot, replace(snapshot, time=slower))
    assert comparison.time is not None
    assert comparison.time.ratio > 1
    assert not comparison.time.is_certain
    assert comparison.verdict is Verdict.SAME
    assert "not certain: the ranges overlap" in compare_text(npufit.CompareResult((comparison,)), Page())


def test_a_gate_on_what_became_unknown_fails(
    checks: dict[str, npufit.CheckResult], saved: Path, tmp_path: Path
) -> None:
    results = json.loads(saved.read_text(encoding="utf-8"))["results"][1:2]
    before = _changed(saved, tmp_path, results=results).rename(tmp_path / "before.json")
    results[0]["operators"][0]["unit"] = "unknown"
    results[0]["estimate"] = None
    after = _changed(saved, tmp_path, results=results)
    gates = ("moved-to-cpu==0", "hazards-gained==0", "predicted-ms-ratio<=2", "became-unknown<=1", "hazards-lost==0")
    found = npufit.compare(before, after, npufit.CompareOptions(require=gates)).gates
    assert [gate.passed for gate in found] == [False, False, False, True, True]
    assert found[0].found is None
    assert found[2].found is None


def test_the_same_network_exported_anew_is_matched_by_shape(checks: dict[str, npufit.CheckResult]) -> None:
    before = take_snapshot(checks[_OLD])
    renamed = tuple(replace(o, outputs=tuple(f"x{o.id.index}" for _ in o.outputs)) for o in before.operators)
    comparison = _compared(before, replace(before, operators=renamed))
    assert {pair.by for pair in comparison.matching.pairs} == {MatchedBy.SHAPE}
    assert len(comparison.matching.pairs) == len(before.operators)
    assert comparison.verdict is Verdict.SAME
    resized = take_snapshot(npufit.check("zoo:mobilenet_v2@128,int8", _OLD))
    by_type = _compared(replace(before, operators=renamed), resized)
    assert MatchedBy.TYPE in {pair.by for pair in by_type.matching.pairs}
    assert not by_type.matching.added


def test_a_rewritten_model_is_matched_around_the_change() -> None:
    model = npufit.load(find_model("micro/pad_sym_conv.tflite"))
    fitted = npufit.fit(model, _OLD, npufit.FitOptions(inputs=1)).model
    (comparison,) = npufit.compare(model, fitted, npufit.CompareOptions((_OLD,))).comparisons
    assert [operator.type for operator in comparison.matching.removed] == ["PAD"]
    assert len(comparison.hazards_lost) == 1
    assert comparison.verdict is Verdict.BETTER
    text = compare_text(npufit.CompareResult((comparison,)), Page())
    assert text.startswith("better: 1 hazard lost; 1 operator only before")
    assert "on the NPU: PAD (1)" in text


def test_a_matching_pairs_each_operator_once_and_in_order(checks: dict[str, npufit.CheckResult]) -> None:
    operators = take_snapshot(checks[_OLD]).operators
    shuffled = (*operators[30:], *operators[:30], *(replace(o, outputs=()) for o in operators[::3]))
    other = tuple(replace(o, id=type(o.id)(0, index)) for index, o in enumerate(shuffled))
    matching = match_operators(operators, other)
    pairs: tuple[OperatorPair, ...] = matching.pairs
    assert [pair.before.id for pair in pairs] == sorted({pair.before.id for pair in pairs})
    assert [pair.after.id for pair in pairs] == sorted({pair.after.id for pair in pairs})
    assert len(pairs) + len(matching.removed) == len(operators)
    assert len(pairs) + len(matching.added) == len(other)
    assert all(pair.before.type == pair.after.type for pair in pairs)


def test_thousands_of_equal_operators_are_left_unmatched_rather_than_aligned_for_hours(
    checks: dict[str, npufit.CheckResult],
) -> None:
    one = take_snapshot(checks[_OLD]).operators[0]
    many = tuple(replace(one, id=type(one.id)(0, index), outputs=("",)) for index in range(3000))
    matching = match_operators(many, many[1:])
    assert not matching.pairs
    assert len(matching.removed) == 3000
