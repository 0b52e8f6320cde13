"""Boards as folders of files, to be read below NPUFIT_BOARD_ROOT: what the kernel and the distribution would show.

Names of boards and chips are those of Linux's device trees, interrupts those of the drivers' sources or of public
listings, the distributions those of public /etc/os-release files. Device nodes are plain files, libraries have the
strings that identify real ones and nothing else, and no number was measured on a board.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Content = str | bytes


@dataclass(frozen=True)
class FakeBoard:
    """The files of a board, its symbolic links, and which of the files can be executed or are not for everybody."""

    files: Mapping[str, Content]
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    programs: tuple[str, ...] = ()

    def write(self, root: Path) -> Path:
        """Write the board below `root`, readable by everybody, and return it."""
        root.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            path.chmod(0o755 if name in self.programs else 0o666 if name.startswith(("dev/", "proc/")) else 0o644)
        for name, target in self.links.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).symlink_to(target)
        return root


def add_python(root: Path) -> Path:
    """Give a board below `root` the Python of these tests, with all that it can import."""
    python = root / "usr/bin/python3"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return python


def write_board(name: str, root: Path) -> Path:
    """Write the board called `name`, one of `BOARDS`, below `root`."""
    return BOARDS[name]().write(root)


def _linux(
    *, kernel: str, cores: int, interrupts: tuple[str, ...], machine: str = "aarch64", memory_kb: int, cma_kb: int = 0
) -> dict[str, Content]:
    """Return what every kernel has. The timer's line is that of arm64 kernels."""
    head = " " * 11 + "".join(f"CPU{core:<8}" for core in range(cores))
    counts = "".join(f"{1000 + core:11}" for core in range(cores))
    lines = [head, f" 13:{counts}     GICv3  30 Level     arch_timer"]
    lines += [f"{100 + number:3}:{' 0'.rjust(11) * cores}     {line}" for number, line in enumerate(interrupts)]
    lines += [f"IPI0:{counts}       Rescheduling interrupts", f"Err:{0:11}"]
    cma = f"CmaTotal:       {cma_kb:8} kB\nCmaFree:        {cma_kb - 4096:8} kB\n" if cma_kb else ""
    return {
        "proc/interrupts": "\n".join(lines) + "\n",
        "proc/sys/kernel/osrelease": f"{kernel}\n",
        "proc/sys/kernel/arch": f"{machine}\n",
        "proc/uptime": "3600.25 7000.00\n",
        "proc/loadavg": "0.08 0.03 0.01 1/120 900\n",
        "proc/meminfo": f"MemTotal:       {memory_kb:8} kB\nMemFree:        {memory_kb // 2:8} kB\n"
        f"MemAvailable:   {memory_kb // 2 + 1000:8} kB\n{cma}",
        "sys/devices/system/cpu/online": f"0-{cores - 1}\n",
    }


def _tree(model: str, *compatible: str) -> dict[str, Content]:
    base = "sys/firmware/devicetree/base"
    return {f"{base}/model": f"{model}\0", f"{base}/compatible": "".join(f"{entry}\0" for entry in compatible)}


def _soc(name: str, revision: str) -> dict[str, Content]:
    return {"sys/devices/soc0/soc_id": f"{name}\n", "sys/devices/soc0/revision": f"{revision}\n"}


def _os(**fields: str) -> dict[str, Content]:
    return {"etc/os-release": "".join(f"{name}={value}\n" for name, value in fields.items())}


def _nxp_os(series: str) -> dict[str, Content]:
    """NXP's distribution, as public listings of 5.15-kirkstone to 6.18-whinlatter show it."""
    return _os(
        ID="fsl-imx-xwayland",
        NAME='"NXP i.MX Release Distro"',
        VERSION_ID=series,
        PRETTY_NAME=f'"NXP i.MX Release Distro {series} ({series.partition("-")[2]})"',
    )


def _zone(number: int, kind: str, millidegrees: int, **trips: int) -> dict[str, Content]:
    folder = f"sys/class/thermal/thermal_zone{number}"
    files: dict[str, Content] = {f"{folder}/type": f"{kind}\n", f"{folder}/temp": f"{millidegrees}\n"}
    for index, (trip, at) in enumerate(trips.items()):
        files[f"{folder}/trip_point_{index}_type"] = f"{trip}\n"
        files[f"{folder}/trip_point_{index}_temp"] = f"{at}\n"
    return files


def _policy(first: int, cores: str, khz: int, governor: str, highest: int | None = None) -> dict[str, Content]:
    folder = f"sys/devices/system/cpu/cpufreq/policy{first}"
    return {
        f"{folder}/scaling_governor": f"{governor}\n",
        f"{folder}/scaling_available_governors": "conservative ondemand userspace powersave performance schedutil\n",
        f"{folder}/scaling_cur_freq": f"{khz}\n",
        f"{folder}/cpuinfo_max_freq": f"{highest or khz}\n",
        f"{folder}/affected_cpus": f"{cores}\n",
    }


def _tflite(version: str, *, label_image: bool = True) -> dict[str, Content]:
    folder = f"usr/bin/tensorflow-lite-{version}/examples"
    files: dict[str, Content] = {
        f"{folder}/benchmark_model": "#!/bin/sh\necho fake\n",
        f"{folder}/mobilenet_v1_1.0_224_quant.tflite": b"\x1c\0\0\0TFL3 not a model",
    }
    return {**files, f"{folder}/label_image": "#!/bin/sh\necho fake\n"} if label_image else files


def _programs(files: Mapping[str, Content]) -> tuple[str, ...]:
    return tuple(name for name in files if "bin/" in name and not name.endswith(".tflite"))


def _library(*words: str) -> bytes:
    """Return a library that has `words` among its strings."""
    return b"\x7fELF\2\1\1\0" + b"\0".join(word.encode() for word in ("", "tflite_plugin_create_delegate", *words, ""))


def _driver(node: str, kind: str, driver: str) -> tuple[dict[str, Content], dict[str, str]]:
    """Return a device node, and the link by which the kernel names its driver."""
    name = node.rpartition("/")[2]
    link = f"sys/class/{kind}/{name}/device/driver"
    return {node: "", f"sys/module/{driver}/version": ""}, {link: f"../../../../bus/platform/drivers/{driver}"}


def _imx93_bsp() -> FakeBoard:
    node, links = _driver("dev/ethosu0", "ethosu", "ethosu")
    files = {
        **_linux(
            kernel="6.1.36+g04b05c5527e9",
            cores=2,
            # drivers/mailbox/imx-mailbox.c: type and index of a channel; all of a mailbox share its line
            interrupts=(
                "GICv3  53 Level     imx_mu_chan[0-0], imx_mu_chan[1-0], imx_mu_chan[3-1]",
                "GICv3 118 Level     42890000.ethernet",
            ),
            memory_kb=1_956_144,
            cma_kb=262_144,
        ),
        **_tree("NXP i.MX93 11X11 EVK board", "fsl,imx93-11x11-evk", "fsl,imx93"),
        **_soc("i.MX93", "1.0"),
        **_nxp_os("6.1-mickledore"),
        **_zone(0, "cpu-thermal", 46_000, passive=80_000, critical=90_000),
        **_policy(0, "0 1", 1_700_000, "ondemand"),
        **node,
        **_tflite("2.11.1"),
        "usr/lib/libethosu_delegate.so": _library("enable_cycle_counter"),
        "lib/firmware/ethosu_firmware": b"\x7fELF firmware",
    }
    return FakeBoard(files, links, _programs(files))


def _imx93_mainline() -> FakeBoard:
    node, links = _driver("dev/accel/accel0", "accel", "ethosu")
    files = {
        **_linux(
            kernel="7.3.4",
            cores=2,
            interrupts=("GICv3 210 Level     ethosu",),  # drivers/accel/ethosu/ethosu_job.c
            memory_kb=1_956_144,
            cma_kb=327_680,
        ),
        **_tree("NXP i.MX93 11X11 EVK board", "fsl,imx93-11x11-evk", "fsl,imx93"),
        **_soc("i.MX93", "1.0"),
        **_os(ID="debian", VERSION_ID='"14"'),
        **_zone(0, "cpu-thermal", 41_000, passive=80_000, critical=90_000),
        **_policy(0, "0 1", 1_700_000, "schedutil"),
        **node,
        "usr/bin/benchmark_model": "#!/bin/sh\necho fake\n",
        "usr/lib/aarch64-linux-gnu/libteflon.so": _library("26.2.2 (git-0123456789)", "ETHOSU_DEBUG", "ethosu"),
        "var/log/dmesg": "[    5.1] ethosu 4a900000.npu: Ethos-U NPU, arch v1.0.6, 256 MACs/cc, 96KB SRAM\n",
    }
    return FakeBoard(files, links, _programs(files))


def _imx95() -> FakeBoard:
    node, links = _driver("dev/neutron0", "neutron", "neutron")
    files = {
        **_linux(
            kernel="6.12.20-lts-next-gdfaf2136deb2",
            cores=6,
            interrupts=("GICv3 350 Level     imx-neutron-mailbox",),  # NXP's drivers/staging/neutron
            memory_kb=7_700_000,
            cma_kb=983_040,
        ),
        **_tree("NXP i.MX95 19X19 board", "fsl,imx95-19x19-evk", "fsl,imx95"),
        **_soc("i.MX95", "2.0"),
        **_nxp_os("6.12-walnascar"),
        **_zone(0, "ana", 52_000, passive=105_000, critical=125_000),
        **_zone(1, "a55", 51_000, passive=105_000, critical=125_000),
        **_zone(2, "pf09", 105_000, critical=155_000),
        **_policy(0, "0 1 2 3 4 5", 1_800_000, "performance"),
        **node,
        **_tflite("2.19.0"),
        "usr/lib/libneutron_delegate.so": _library("Neutron delegate version: v1.0.0-a5d640e6, zerocp %s."),
        "lib/firmware/NeutronFirmware.elf": b"\x7fELF firmware",
        "sys/module/neutron/parameters/use_irq": "Y\n",
    }
    return FakeBoard(files, links, _programs(files))


def _imx8mp() -> FakeBoard:
    node, links = _driver("dev/galcore", "galcore_class", "galcore")
    files = {
        **_linux(
            kernel="5.15.71+g8c6c5b1dc5b5",
            cores=4,
            interrupts=("GICv3  35 Level     galcore:3d", "GICv3  45 Level     galcore:0"),
            memory_kb=5_600_000,
            cma_kb=983_040,
        ),
        **_tree("NXP i.MX8MPlus EVK board", "fsl,imx8mp-evk", "fsl,imx8mp"),
        **_soc("i.MX8MP", "1.1"),
        **_nxp_os("5.15-kirkstone"),
        **_zone(0, "cpu-thermal", 48_000, passive=85_000, critical=95_000),
        **_zone(1, "soc-thermal", 49_000, passive=85_000, critical=95_000),
        **_policy(0, "0 1 2 3", 1_200_000, "ondemand", highest=1_800_000),
        **node,
        "sys/module/galcore/version": "6.4.3.p4.398061\n",
        **_tflite("2.9.1"),
        "usr/lib/libvx_delegate.so": _library("vx-delegate"),
    }
    return FakeBoard(files, links, _programs(files))


def _rk3588() -> FakeBoard:
    node, links = _driver("dev/accel/accel0", "accel", "rocket")
    files = {
        **_linux(
            kernel="6.18.3-edge-rockchip64",
            cores=8,
            # drivers/accel/rocket/rocket_job.c: the core's device; its IOMMU shares the line
            interrupts=tuple(
                f"GICv3 {142 + core} Level     fda{letter}9000.iommu, fda{letter}0000.npu"
                for core, letter in enumerate("bcd")
            ),
            memory_kb=16_000_000,
            cma_kb=262_144,
        ),
        **_tree("Radxa ROCK 5B", "radxa,rock-5b", "rockchip,rk3588"),
        **_os(ID="debian", VERSION_ID='"14"'),
        **_zone(0, "package-thermal", 39_000, critical=115_000),
        **_zone(1, "npu-thermal", 38_000, critical=115_000),
        **_policy(0, "0 1 2 3", 1_800_000, "ondemand"),
        **_policy(4, "4 5", 2_400_000, "ondemand"),
        **_policy(6, "6 7", 2_400_000, "ondemand"),
        **node,
        # what Debian's mesa-teflon-delegate 26.2.6-1 for arm64 has, where it has it
        "usr/lib/teflon/libteflon.so": _library("26.2.6-1", "ROCKET_DEBUG", "ETNA_MESA_DEBUG", "ethosu", "rocket"),
    }
    return FakeBoard(files, links, _programs(files))


def _raspberry_pi() -> FakeBoard:
    files = {
        **_linux(
            kernel="6.12.25+rpt-rpi-v8",
            cores=4,
            interrupts=("GICv2  65 Level     fe00b880.mailbox", "GICv2  98 Level     v3d"),
            memory_kb=3_880_000,
            cma_kb=524_288,
        ),
        **_tree("Raspberry Pi 4 Model B Rev 1.4", "raspberrypi,4-model-b", "brcm,bcm2711"),
        **_os(ID="debian", VERSION_ID='"12"'),
        **_zone(0, "cpu-thermal", 44_000, critical=110_000, hot=80_000),
        **_policy(0, "0 1 2 3", 1_800_000, "ondemand"),
        "proc/cpuinfo": "processor\t: 0\nCPU part\t: 0xd08\nSerial\t\t: 10000000feedbeef\nModel\t\t: Raspberry Pi 4\n",
        "dev/dri/renderD128": "",
        "proc/cmdline": "root=/dev/mmcblk0p2 smsc95xx.macaddr=DC:A6:32:00:11:22\n",
        "etc/hostname": "kitchen-pi\n",
        "sys/firmware/devicetree/base/serial-number": "10000000feedbeef\0",
        "sys/class/net/eth0/address": "dc:a6:32:00:11:22\n",
    }
    return FakeBoard(files, {"sys/class/drm/renderD128/device/driver": "../../../bus/platform/drivers/v3d"})


def _laptop() -> FakeBoard:
    files = _linux(kernel="6.1.0-26-amd64", cores=8, interrupts=(), machine="x86_64", memory_kb=16_000_000)
    return FakeBoard({**files, **_os(ID="debian", VERSION_ID='"12"'), "dev/dri/renderD128": ""})


BOARDS: Mapping[str, Callable[[], FakeBoard]] = {
    "imx93-bsp": _imx93_bsp,
    "imx93-mainline": _imx93_mainline,
    "imx95": _imx95,
    "imx8mp": _imx8mp,
    "rk3588": _rk3588,
    "raspberry-pi": _raspberry_pi,
    "laptop": _laptop,
}
