"""The Ethos-U55 and U65 command stream: decode, disassemble, simulate, judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.ethosu.accesses import list_accesses
    from npufit.ethosu.arrays import Memory
    from npufit.ethosu.capture import (
        COEFFICIENTS_REGION,
        IO_REGION,
        LARGEST_STREAM_BYTES,
        CapturedSubmission,
        read_stream,
        read_submissions,
    )
    from npufit.ethosu.decoding import Instruction, decode
    from npufit.ethosu.disassembly import disassemble, summarize
    from npufit.ethosu.feature_maps import read_feature_map
    from npufit.ethosu.kernel import (
        CHECKS,
        SRAM_REGION,
        Check,
        KernelFinding,
        KernelVerdict,
        Submission,
        judge,
        judge_releases,
        measure,
        submission_of,
        used_regions,
    )
    from npufit.ethosu.kernel_releases import (
        COMPILED,
        HISTORY,
        RELEASES,
        KernelVersion,
        known_ranges,
        parse_kernel,
        possible_drivers,
    )
    from npufit.ethosu.machine import Listener, Machine, Run
    from npufit.ethosu.operations import BlockOperation, Layout, Operation, read_operations
    from npufit.ethosu.program import CompiledCall, Program, accelerator_of, read_programs, strip_header
    from npufit.ethosu.sanitizer import FindingKind, SanitizerFinding
    from npufit.ethosu.statistics import Statistics

__all__ = [
    "CHECKS",
    "COEFFICIENTS_REGION",
    "COMPILED",
    "HISTORY",
    "IO_REGION",
    "LARGEST_STREAM_BYTES",
    "RELEASES",
    "SRAM_REGION",
    "BlockOperation",
    "CapturedSubmission",
    "Check",
    "CompiledCall",
    "FindingKind",
    "Instruction",
    "KernelFinding",
    "KernelVerdict",
    "KernelVersion",
    "Layout",
    "Listener",
    "Machine",
    "Memory",
    "Operation",
    "Program",
    "Run",
    "SanitizerFinding",
    "Statistics",
    "Submission",
    "accelerator_of",
    "decode",
    "disassemble",
    "judge",
    "judge_releases",
    "known_ranges",
    "list_accesses",
    "measure",
    "parse_kernel",
    "possible_drivers",
    "read_feature_map",
    "read_operations",
    "read_programs",
    "read_stream",
    "read_submissions",
    "strip_header",
    "submission_of",
    "summarize",
    "used_regions",
]

_HOMES = {
    "npufit.ethosu.accesses": ("list_accesses",),
    "npufit.ethosu.arrays": ("Memory",),
    "npufit.ethosu.capture": (
        "COEFFICIENTS_REGION",
        "IO_REGION",
        "LARGEST_STREAM_BYTES",
        "CapturedSubmission",
        "read_stream",
        "read_submissions",
    ),
    "npufit.ethosu.decoding": ("Instruction", "decode"),
    "npufit.ethosu.disassembly": ("disassemble", "summarize"),
    "npufit.ethosu.feature_maps": ("read_feature_map",),
    "npufit.ethosu.kernel": (
        "CHECKS",
        "SRAM_REGION",
        "Check",
        "KernelFinding",
        "KernelVerdict",
        "Submission",
        "judge",
        "judge_releases",
        "measure",
        "submission_of",
        "used_regions",
    ),
    "npufit.ethosu.kernel_releases": (
        "COMPILED",
        "HISTORY",
        "RELEASES",
        "KernelVersion",
        "known_ranges",
        "parse_kernel",
        "possible_drivers",
    ),
    "npufit.ethosu.machine": ("Listener", "Machine", "Run"),
    "npufit.ethosu.operations": ("BlockOperation", "Layout", "Operation", "read_operations"),
    "npufit.ethosu.program": ("CompiledCall", "Program", "accelerator_of", "read_programs", "strip_header"),
    "npufit.ethosu.sanitizer": ("FindingKind", "SanitizerFinding"),
    "npufit.ethosu.statistics": ("Statistics",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
