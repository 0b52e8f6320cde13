"""/proc/interrupts as kernels print it."""

from __future__ import annotations

import pytest

from npufit.boards.interrupts import count_interrupts

ARM64 = """\
           CPU0       CPU1       CPU2       CPU3
 13:       1000       2000       3000       4000     GICv3  30 Level     arch_timer
 23:          5          0          0          7     GICv2  92 Level     galcore:0
 24:          1          0          0          0     GICv2  93 Level     galcore:3d
 55:          3          0          0          0     GICv3  55 Level     44230000.mailbox[0-1], 44230000.mailbox[1-1]
 56:          9          0          0          0     GICv3  56 Level
 57:          8          0          0          0     GICv3  57 Level   \x20
 5a:         10         20          0          0  gpio-mxc  12 Edge      ethosu
 5b:          1          1          1          1     GICv3  99 Level     ethosu
 60:          2          0          0          0  30350000.gpio   3 Edge      button with a name
IPI0:      1234        222        333        444       Rescheduling interrupts
Err:          0
"""

X86 = """\
            CPU0       CPU1
   1:          0          9  IR-IO-APIC    1-edge      i8042
 128:          7          0  PCI-MSIX-0000:00:05.0   0-edge      virtio4-config
 129:          7          0  PCI-MSIX-0000:00:05.0   1-edge
 NMI:         11         12   Non-maskable interrupts
"""


def test_devices_have_the_sum_of_all_cores_and_of_all_their_lines() -> None:
    assert count_interrupts(ARM64.splitlines()) == {
        "arch_timer": 10_000,
        "galcore:0": 12,
        "galcore:3d": 1,
        "44230000.mailbox[0-1], 44230000.mailbox[1-1]": 3,
        "ethosu": 34,
        "button with a name": 2,
    }
    assert count_interrupts(X86.splitlines()) == {"i8042": 9, "virtio4-config": 7}


@pytest.mark.parametrize(
    "line",
    [
        " 13: GICv3  30 Level     arch_timer",
        " 13: 1 GICv3  30 Level     arch_timer",
        f" 13: 1 {'9' * 5000}     GICv3  30 Level     arch_timer",
        " 13: ١ ٢     GICv3  30 Level     arch_timer",
        ":",
        "\0",
    ],
)
def test_lines_that_no_kernel_prints_are_left_out(line: str) -> None:
    assert count_interrupts(["  CPU0  CPU1", line, " 14: 1 2  GICv3  31 Level     timer"]) == {"timer": 3}
    assert count_interrupts([line]) == {}


def test_a_file_whose_spaces_a_program_has_eaten_is_read() -> None:
    eaten = "\n".join(" ".join(line.split()) for line in ARM64.splitlines())
    assert count_interrupts(eaten.splitlines()) == count_interrupts(ARM64.splitlines())
