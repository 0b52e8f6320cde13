"""Releases of benchmark_model on boards: what they can, and the lines that they printed.

The lines of times are those of real logs (tests/cost/measured/benchmark_logs); where a log of a release has none, they
are of the nearest release, and its family says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Times:
    """What a run prints of its times, in microseconds: the rest of both lines `count=…`, and what the summary has."""

    init: int
    first: int
    warm_count: int
    warm: str
    count: int
    timed: str
    mean: str

    @property
    def one(self) -> int:
        """The time of a single inference."""
        return round(float(self.mean))


@dataclass(frozen=True, slots=True)
class Family:
    """A release on a board: its version, its stack, and how it prints.

    `interrupts` are added for each inference with the delegate, by line. `delegate_lines` follow once it is loaded.
    """

    version: str
    stack: str
    delegate: str
    cpu: Times
    npu: Times
    delegate_lines: str
    interrupts: MappingProxyType[str, int]
    prefix: str = "INFO: "
    has_median: bool = False
    writes_outputs: bool = True
    says_xnnpack: bool = True
    has_start_column: bool = False
    npu_row: str = "ethos-u"
    memory: str = "24.875"


_CPU_WITHOUT_MEDIAN = Times(
    6418,
    1041765,
    1,
    "",
    50,
    "first=977738 curr=964908 min=911877 max=1112273 avg=971535 std=39112",
    "971535",
)
"""ti_am62x_builtin_2.18.0"""

_CPU_WITH_MEDIAN = Times(
    5579,
    1357602,
    1,
    "",
    50,
    "first=1249964 curr=1240143 min=1238588 max=1252566 avg=1.24027e+06 std=2565 p5=1238753 median=1239807 p95=1247415",
    "1.24027e+06",
)
"""ti_am62x_builtin_2.20.0"""

_NPU_OF_VX = Times(
    25573,
    201009,
    277,
    "first=201009 curr=863 min=811 max=201009 avg=1760.78 std=11997",
    876,
    "first=1272 curr=1730 min=810 max=6334 avg=1096.48 std=476",
    "1096.48",
)
"""vx_synap_mobilenet_v1_025_2.15.0"""

_NPU_OF_NEUTRON = Times(
    8068,
    18621,
    31,
    "first=18621 curr=15740 min=14788 max=18621 avg=15424.4 std=649 p5=14837 median=15376 p95=15954",
    10,
    "first=14794 curr=15551 min=14387 max=15772 avg=15239.4 std=409 p5=14387 median=15385 p95=15772",
    "15239.4",
)
"""neutron_imx95_scrfd_litert_opprofile"""

_NPU_OF_ETHOSU = Times(
    31930,
    4410,
    129,
    "first=4410 curr=3776 min=3731 max=4410 avg=3781.2 std=57",
    264,
    "first=3779 curr=3774 min=3729 max=3842 avg=3775.4 std=18",
    "3775.4",
)
"""The mean of ethosu_imx93_evidence_lines (3.7754 ms); no log of benchmark_model with this NPU is known, so the spread
around it is ours."""

_ETHOSU_LINES = """\
INFO: Ethosu delegate: device_name set to /dev/ethosu0.
INFO: Ethosu delegate: cache_file_path set to .
INFO: Ethosu delegate: timeout set to 60000000000.
INFO: Ethosu delegate: enable_cycle_counter set to 0.
INFO: Ethosu delegate: enable_profiling set to 0.
INFO: Ethosu delegate: profiling_buffer_size set to 2048.
INFO: Ethosu delegate: pmu_event0 set to 0.
EXTERNAL delegate created.
INFO: EthosuDelegate: 1 nodes delegated out of 1 nodes with 1 partitions."""
"""ethosu_imx93_label_image_2.11.1"""

_VX_LINES = """\
Vx delegate: allowed_cache_mode set to 0.
Vx delegate: device num set to 0.
Vx delegate: allowed_builtin_code set to 0.
Vx delegate: error_during_init set to 0.
EXTERNAL delegate created."""
"""vx_imx8mp_label_image_2.11.1"""

_VX_COUNTED = (
    _VX_LINES
    + """
VERBOSE: Replacing 31 out of 31 node(s) with delegate (Vx Delegate) node, yielding 1 partitions for the whole graph."""
)

_NEUTRON_LINES = """\
INFO: EXTERNAL delegate created.
INFO: NeutronDelegate delegate: 1 nodes delegated out of 1 nodes with 1 partitions.

INFO: Neutron delegate version: v1.0.0-7399a58e, zerocp enabled."""
"""neutron_imx95_scrfd_litert_opprofile"""

_TEFLON_LINES = """\
Loading external delegate from build/src/gallium/targets/teflon/libteflon.so with args: {}
Teflon delegate: loaded ethosu driver
INFO: EXTERNAL delegate created."""
"""teflon_etnaviv_a311d_verbose; the driver's name is that of i.MX93"""

_ETHOSU_MAILBOX = MappingProxyType({"47520000.mailbox": 2})
_VX = "libvx_delegate.so"
_ETHOSU = "libethosu_delegate.so"
_NEUTRON = "libneutron_delegate.so"
_GALCORE = MappingProxyType({"galcore:3d-1": 3})
_NEUTRON_MAILBOX = MappingProxyType({"imx-neutron-mailbox": 1})

FAMILIES = MappingProxyType(
    {
        "vx-2.8": Family(
            *("2.8.0", "vx", _VX, _CPU_WITHOUT_MEDIAN, _NPU_OF_VX, _VX_LINES, _GALCORE),
            prefix="",
            writes_outputs=False,
            npu_row="Vx Delegate",
        ),
        "vela-2.9": Family(
            *("2.9.1", "vela", _ETHOSU, _CPU_WITHOUT_MEDIAN, _NPU_OF_ETHOSU, _ETHOSU_LINES, _ETHOSU_MAILBOX),
            prefix="",
            writes_outputs=False,
            has_start_column=True,
        ),
        "vx-2.10": Family(
            *("2.10.0", "vx", _VX, _CPU_WITHOUT_MEDIAN, _NPU_OF_VX, _VX_LINES, _GALCORE),
            prefix="",
            writes_outputs=False,
            npu_row="Vx Delegate",
        ),
        "vela-2.11": Family(
            *("2.11.1", "vela", _ETHOSU, _CPU_WITHOUT_MEDIAN, _NPU_OF_ETHOSU, _ETHOSU_LINES, _ETHOSU_MAILBOX),
            prefix="",
        ),
        "vela-2.14": Family(
            *("2.14.0", "vela", _ETHOSU, _CPU_WITHOUT_MEDIAN, _NPU_OF_ETHOSU, _ETHOSU_LINES, _ETHOSU_MAILBOX)
        ),
        "vx-2.15": Family(
            *("2.15.0", "vx", _VX, _CPU_WITHOUT_MEDIAN, _NPU_OF_VX, _VX_COUNTED, _GALCORE),
            npu_row="Vx Delegate",
        ),
        "vela-2.16": Family(
            *("2.16.2", "vela", _ETHOSU, _CPU_WITHOUT_MEDIAN, _NPU_OF_ETHOSU, _ETHOSU_LINES, _ETHOSU_MAILBOX)
        ),
        "cpu-2.18": Family(
            *("2.18.0", "", "", _CPU_WITHOUT_MEDIAN, _CPU_WITHOUT_MEDIAN, "", MappingProxyType[str, int]({}))
        ),
        "neutron-2.19": Family(
            *("2.19.0", "neutron", _NEUTRON, _CPU_WITH_MEDIAN, _NPU_OF_NEUTRON, _NEUTRON_LINES, _NEUTRON_MAILBOX),
            has_median=True,
            npu_row="NeutronDelegate",
        ),
        "cpu-2.20": Family(
            *("2.20.0", "", "", _CPU_WITH_MEDIAN, _CPU_WITH_MEDIAN, "", MappingProxyType[str, int]({})),
            has_median=True,
        ),
        "teflon-2.20": Family(
            *("2.20.0", "teflon", "libteflon.so", _CPU_WITH_MEDIAN, _NPU_OF_NEUTRON, _TEFLON_LINES),
            interrupts=MappingProxyType({"ethosu": 1}),
            has_median=True,
            npu_row="Teflon Delegate",
        ),
    }
)
"""By stack and release. Times of `vela-*` and `teflon-2.20` are no log of benchmark_model: see above."""
