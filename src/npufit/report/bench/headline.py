"""The answer of a bench in one line: how long, as predicted or not, and whether it was the NPU."""

from __future__ import annotations

from collections import Counter

from npufit.formatting import plural, shorten
from npufit.measurements import Measurement, ProofVerdict
from npufit.report.bench.document import BenchDocument
from npufit.report.bench.words import as_clause, expected_on_cpu, expected_with_npu, model_name, ms_words, where_words

_VERDICTS = {
    ProofVerdict.PROVEN: "proven: {sentence}",
    ProofVerdict.CONSISTENT: "likely on the NPU, not proven: {sentence}",
    ProofVerdict.UNKNOWN: "whether the NPU ran is unknown: {sentence}",
}


def bench_headline(document: BenchDocument) -> str:
    """Return the answer of a whole bench: that of its model, or how many of several were measured and proven."""
    results, without = document.results, document.not_measured
    if len(results) == 1 and not without:
        return headline(results[0])
    if not results:
        reasons = [*(f"{shorten(entry.model, 60)}: {entry.reason}" for entry in without), *document.refused]
        return shorten(": ".join(["nothing measured", *reasons[:1]]), 400)
    noun = "model" if len(set(map(model_name, results))) == len(results) else "measurement"
    of = f"{len(results)} of {plural(len(results) + len(without), noun)}" if without else plural(len(results), noun)
    places = dict.fromkeys(map(where_words, results))
    where = next(iter(places)) if len(places) == 1 else plural(len(places), "target")
    counts = Counter(result.proof.verdict for result in results)
    verdicts = ", ".join(f"{counts[kind]} {kind}" for kind in ProofVerdict if counts[kind])
    return f"{of} {'measured ' if noun == 'model' else ''}on {where}; NPU: {verdicts}"


def headline(measurement: Measurement) -> str:
    """Return the answer for one model."""
    return f"{model_name(measurement)} on {where_words(measurement)}: {'; '.join(_clauses(measurement))}"


def _clauses(measurement: Measurement) -> list[str]:
    npu, cpu, proof = measurement.npu, measurement.cpu, measurement.proof
    sentence = as_clause(proof.sentence)
    alone = "" if cpu is None else f"CPU alone {ms_words(cpu.ms)} ms"
    if proof.verdict is ProofVerdict.CONTRADICTED:
        return [f"NOT on the NPU: {sentence}", *([alone] if alone else []), "no NPU time is given"]
    if npu is None:
        return _without_npu(measurement, sentence)
    is_slower = cpu is not None and npu.ms > cpu.ms
    lead = "SLOWER with the NPU than without: " if is_slower and proof.verdict is not ProofVerdict.UNKNOWN else ""
    expected = expected_with_npu(measurement)
    predicted = f" (predicted {expected})" if expected is not None else ""
    times = f"{lead}{ms_words(npu.ms)} ms{predicted}{f', {alone}' if alone else ''}"
    different = ["outputs DIFFER"] if measurement.outputs is not None and measurement.outputs.is_wrong else []
    return [times, *different, _VERDICTS[proof.verdict].format(sentence=sentence)]


def _without_npu(measurement: Measurement, sentence: str) -> list[str]:
    """Return the clauses of a measurement of the CPU alone, or of one that failed."""
    cpu = measurement.cpu
    if cpu is None:
        why = measurement.problems[0] if measurement.problems else sentence
        return [f"no time was measured: {as_clause(why)}"]
    expected = expected_on_cpu(measurement)
    predicted = f" (predicted {expected})" if expected is not None else ""
    return [f"{ms_words(cpu.ms)} ms on the CPU{predicted}", f"NPU {measurement.proof.verdict}: {sentence}"]


def is_bad(measurement: Measurement) -> bool:
    """Return True if the answer is one that nobody wants: not on the NPU, slower with it, or wrong."""
    npu, cpu, outputs = measurement.npu, measurement.cpu, measurement.outputs
    is_slower = npu is not None and cpu is not None and npu.ms > cpu.ms
    is_different = outputs is not None and outputs.is_wrong
    is_nothing = npu is None and cpu is None
    return measurement.proof.verdict is ProofVerdict.CONTRADICTED or is_slower or is_different or is_nothing
