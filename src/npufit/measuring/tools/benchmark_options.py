"""Options of benchmark_model, and which of its versions have them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from npufit.errors import InputError
from npufit.formatting import shorten
from npufit.measuring.tools.tool import DelegateUse, RunRequest

Version = tuple[int, ...]

_WRITES_OUTPUTS: Version = (2, 11)
"""The first release of NXP's tree with --output_filepath: 2.11.1 has it, 2.10 does not (tensorflow-imx)."""

_LONGEST_WARMUP_S = 0.5
"""The tool's own value of --warmup_min_secs."""

_VERSION = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?")


def parse_version(text: str) -> Version:
    """Return a version such as 2.11.1 in `text` as numbers, empty if there is none."""
    found = _VERSION.search(text)
    return tuple(int(part) for part in found.groups() if part is not None) if found else ()


def options_of(request: RunRequest, version: Version) -> tuple[str, ...]:
    """Return the options for `request`. Raises InputError for what this version, or the tool at all, cannot do."""
    return (
        f"--graph={request.model}",
        f"--num_threads={request.threads}",
        f"--warmup_runs={request.warmup}",
        f"--warmup_min_secs={min(request.least_s, _LONGEST_WARMUP_S):g}",
        f"--num_runs={request.runs}",
        f"--min_secs={request.least_s:g}",
        f"--max_secs={request.most_s:g}",
        *(_delegate(request.delegate) if request.delegate else ()),
        # Delegates are applied in the order of their options: XNNPACK gets what the NPU's leaves.
        *(() if request.xnnpack is None else (f"--use_xnnpack={str(request.xnnpack).lower()}",)),
        *(("--enable_op_profiling=true",) if request.with_profile else ()),
        *(_inputs(request) if request.inputs else ()),
        *(_outputs(request.outputs, version) if request.outputs else ()),
    )


def _delegate(delegate: DelegateUse) -> Iterator[str]:
    yield f"--external_delegate_path={delegate.path}"
    for name, value in delegate.options:
        # The tool splits at these and drops what does not come out as name and value, without a word.
        if not name or {";", ":"} & {*name, *value}:
            raise InputError(
                f"benchmark_model cannot pass the delegate's option {shorten(f'{name}={value}', 80)}: ';' and ':' "
                "separate options there. Use --tool python."
            )
    if delegate.options:
        yield "--external_delegate_options=" + ";".join(f"{name}:{value}" for name, value in delegate.options)


def _inputs(request: RunRequest) -> Iterator[str]:
    """Yield the options for raw files. The names are ours: the tool only warns that they are not the model's.

    So names with colons and commas do not matter, which releases escape differently.
    """
    names = [f"input{index}" for index in range(len(request.inputs))]
    if len(request.input_shapes) != len(names) or not all(request.input_shapes):
        raise InputError("benchmark_model takes files only for inputs with a shape. Use --tool python.")
    paths = [path for _, path in request.inputs]
    if any({",", ":"} & {*path} for path in paths):
        raise InputError("benchmark_model cannot read a file whose path has a colon or a comma.")
    yield "--input_layer=" + ",".join(names)
    yield "--input_layer_shape=" + ":".join(",".join(str(size) for size in shape) for shape in request.input_shapes)
    yield "--input_layer_value_files=" + ",".join(f"{name}:{path}" for name, path in zip(names, paths, strict=True))


def _outputs(path: str, version: Version) -> Iterator[str]:
    if version and version < _WRITES_OUTPUTS:
        raise InputError(
            f"benchmark_model {'.'.join(map(str, version))} cannot write outputs; 2.11 can. Use --tool python."
        )
    yield f"--output_filepath={path}"
