"""Scripts that stand in for benchmark_model, written from their template."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from scripted_tools.families import Family, Times

_TEMPLATE = Path(__file__).with_name("benchmark_model.sh")


class Fault(StrEnum):
    """What a tool does wrong."""

    NONE = ""
    HANG = "hang"
    """It never ends."""
    CRASH = "crash"
    """It ends by SIGSEGV."""
    ABORT = "abort"
    """It runs out of memory, and ends by SIGABRT."""
    FULL = "full"
    """The disk is full."""
    FLOOD = "flood"
    """It prints without end."""
    DROP = "drop"
    """It kills the process whose number is in `$NPUFIT_BOARD_ROOT/drop.pid`: the line is lost."""
    HOSTILE = "hostile"
    """It prints control characters, bytes that are no text, and numbers that are none."""
    MISSING = "missing"
    """The delegate's library does not load; it runs on the CPU and says 'created' all the same."""
    PERMISSION = "permission"
    """The user may not open the NPU."""
    REFUSED = "refused"
    """The delegate takes nothing; it runs on the CPU."""
    LIAR = "liar"
    """It says that the delegate took all, and no interrupt counts."""
    LATE = "late"
    """It ends by SIGSEGV after all that it has to say, as delegates do that are freed twice."""
    INVOKE = "invoke"
    """Each inference fails; the tool times them, and says so at the end."""


def write_benchmark_model(
    folder: Path,
    family: Family,
    fault: Fault = Fault.NONE,
    *,
    when: str = "npu",
    first_faulty_run: int = 1,
    seconds: str = "",
    outputs: bytes = b"",
    interrupts: dict[str, int] | None = None,
    cycles: int = 3_775_400,
    call_profile: str = "",
) -> Path:
    """Write `benchmark_model` into `folder`, and return its path.

    The `fault` appears in runs with the delegate, or `when` `always`, from its run number `first_faulty_run` on. A run
    takes `seconds`, if given, and `--output_filepath` gets `outputs`. `interrupts` replace those of the family. With
    `enable_profiling:true` the delegate prints `call_profile` for each inference.
    """
    added = dict(family.interrupts) if interrupts is None else interrupts
    values = {
        "PREFIX": family.prefix,
        "WRITES_OUTPUTS": "1" if family.writes_outputs else "",
        "FAULT": fault.value,
        "FROM": str(first_faulty_run),
        "WHEN": when,
        "DELEGATE_LINES": family.delegate_lines,
        "SAYS_XNNPACK": "1" if family.says_xnnpack else "",
        "MEDIAN": "1" if family.has_median else "",
        "SECONDS": seconds,
        "INTERRUPTS": ";".join(f"{line}={count}" for line, count in added.items()),
        "CYCLES": str(cycles),
        "MEMORY": family.memory,
        **_times("CPU", family.cpu),
        **_times("NPU", family.npu),
        "CPU_PROFILE": _profile(family, [("CONV_2D", 12.5), ("DEPTHWISE_CONV_2D", 3.25), ("SOFTMAX", 0.021)]),
        "NPU_PROFILE": _profile(family, [(family.npu_row, 3.7)]),
    }
    text = _TEMPLATE.read_text("utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "outputs.bin").write_bytes(outputs)
    (folder / "call_profile.txt").write_text(call_profile)
    path = folder / "benchmark_model"
    path.write_text(text, "utf-8")
    path.chmod(0o755)
    return path


def _times(unit: str, times: Times) -> dict[str, str]:
    fields = ("init", "first", "warm_count", "warm", "count", "timed", "mean", "one")
    values = {f"{unit}_{field.upper()}": str(getattr(times, field)) for field in fields}
    return {**values, f"{unit}_SESSION": f"{times.init / 1000:g}"}


def _profile(family: Family, rows: list[tuple[str, float]]) -> str:
    """Return the table of operators as the release prints it (TensorFlow's stats_calculator.cc)."""
    columns = ["[first]", "[avg ms]", "[%]", "[cdf%]", "[mem KB]", "[times called]"]
    columns = ["[start]", *columns] if family.has_start_column else columns
    lines = [
        "============================== Run Order ==============================",
        "\t".join([f"{'[node type]':>40}", *(f"{column:>9}" for column in columns), "[Name]"]),
    ]
    for index, (kind, ms) in enumerate(rows):
        numbers = [f"{ms:9.3f}", f"{ms:9.3f}", "  10.000%", "  10.000%", "    0.000", f"{1:9}"]
        numbers = [f"{0:9.3f}", *numbers] if family.has_start_column else numbers
        lines.append("\t".join([f"{kind:>40}", *numbers, f"[layer_{index}]:{index}"]))
    total = sum(ms for _, ms in rows) * 1000
    return "\n".join([*lines, "", f"Timings (microseconds): count=50 first={total} curr={total} avg={total} std=1"])
