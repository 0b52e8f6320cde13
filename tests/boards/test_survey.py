"""What a board is and can be measured as: boards of each kind, in each shell, and boards that lie."""

from __future__ import annotations

import gzip
import os
import random
import shutil
from pathlib import Path

import pytest

from boards.fake_boards import BOARDS, add_python, write_board
from boards.shell_connection import ShellConnection
from npufit.boards import BoardFacts, Completed, read, survey
from npufit.errors import ToolError
from npufit.stacks import resolve_target

SHELLS = {"dash": ("dash",), "bash": ("bash", "--posix"), "busybox": ("busybox", "sh")}


def survey_of(root: Path, interpreter: tuple[str, ...] = ("sh",)) -> BoardFacts:
    return survey(ShellConnection(root, interpreter, {"NPUFIT_BOARD_ROOT": str(root)}))


@pytest.fixture
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_board(request.param, tmp_path / "root")


@pytest.mark.parametrize(
    ("root", "usable"),
    [
        ("imx93-bsp", ["imx93/vela@lf-6.1.36"]),
        ("imx93-mainline", ["imx93/teflon@26.2"]),
        ("imx95", ["imx95/neutron@1.17"]),
        ("imx8mp", ["imx8mp/vx@lf-5.15.71"]),
        ("rk3588", []),
        ("raspberry-pi", []),
        ("laptop", []),
    ],
    indirect=["root"],
)
def test_each_board_names_its_targets(root: Path, usable: list[str]) -> None:
    facts = survey_of(root)
    assert [candidate.target for candidate in facts.candidates if candidate.is_usable] == usable
    assert bool(facts.chip) == bool(facts.candidates)
    assert facts.chip or facts.missing
    for candidate in facts.candidates:
        assert resolve_target(candidate.target).chip == facts.chip
        assert candidate.why
        assert all(sentence.endswith(".") for sentence in candidate.missing)


@pytest.mark.parametrize("root", ["imx93-bsp"], indirect=True)
@pytest.mark.parametrize("shell", SHELLS)
def test_everything_that_a_board_is_and_has(root: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    facts = survey_of(root, SHELLS[shell])
    assert (facts.chip, facts.soc, facts.revision, facts.architecture) == ("imx93", "i.MX93", "1.0", "aarch64")
    assert facts.model == "NXP i.MX93 11X11 EVK board"
    assert facts.compatible == ("fsl,imx93-11x11-evk", "fsl,imx93")
    assert (facts.cores, facts.memory_kb, facts.bsp) == (2, 1_956_144, "lf-6.1.36")
    assert facts.os == {
        "ID": "fsl-imx-xwayland",
        "VERSION_ID": "6.1-mickledore",
        "PRETTY_NAME": "NXP i.MX Release Distro 6.1-mickledore (mickledore)",
    }
    [node] = facts.nodes
    assert (node.path, node.mode, node.can_open, node.driver) == ("/dev/ethosu0", "-rw-rw-rw-", True, "ethosu")
    names = {file.name: (file.kind, file.version, len(file.sha256)) for file in facts.files}
    assert names == {
        "libethosu_delegate.so": ("delegate", "", 64),
        "ethosu_firmware": ("firmware", "", 64),
        "benchmark_model": ("tool", "2.11.1", 64),
        "label_image": ("tool", "2.11.1", 64),
        "mobilenet_v1_1.0_224_quant.tflite": ("model", "", 64),
    }
    assert facts.candidates[0].delegate == str(root / "usr/lib/libethosu_delegate.so")
    assert all(fact.command and str(root) not in f"{fact.value}{fact.command}" for fact in facts.facts)
    assert facts.said("temperature") == "cpu-thermal 46 °C"


@pytest.mark.parametrize("root", ["imx93-bsp"], indirect=True)
def test_a_device_that_this_user_may_not_open_is_there(root: Path) -> None:
    (root / "dev/ethosu0").chmod(0o600 if os.getuid() == 0 else 0)
    board = ShellConnection(root, environment={"NPUFIT_BOARD_ROOT": str(root)})
    board.give_up_root()
    facts = survey(board)
    assert not facts.nodes[0].can_open
    vela = next(candidate for candidate in facts.candidates if "/vela" in candidate.target)
    [missing] = vela.missing
    assert missing.startswith("/dev/ethosu0 is there, but this user may not open it (-")
    assert missing.endswith("connect as root.")


def test_a_group_that_may_open_a_device_is_named() -> None:
    node = b"|/dev/accel/accel0\tcrw-rw----\troot\trender\tclosed\tethosu"
    told = Told(b"=compatible\tx\n|fsl,imx93\n=nodes\tls\n" + node + b"\n=end\tx\n")
    teflon = next(it for it in survey(told).candidates if "/teflon" in it.target)
    assert teflon.missing[0].endswith("(crw-rw---- root render): sudo usermod -aG render USER and log in again.")


@pytest.mark.parametrize("root", ["imx93-mainline"], indirect=True)
def test_a_python_of_the_board_and_what_it_can_import(root: Path) -> None:
    (root / "usr/bin/benchmark_model").unlink()
    bare = survey_of(root)
    assert [candidate.target for candidate in bare.candidates if candidate.needs_only_a_tool] == ["imx93/teflon@26.2"]
    python = add_python(root)
    facts = survey_of(root)
    [runtime] = facts.runtimes
    assert (runtime.path, runtime.module, runtime.has_numpy) == (str(python), "ai_edge_litert", True)
    assert runtime.version.startswith("3.")
    assert runtime.module_version
    assert [candidate.target for candidate in facts.candidates if candidate.is_usable] == [
        "imx93/teflon@26.2",
        "imx93/direct@7.3.4",
    ]


@pytest.mark.parametrize(
    ("kernel", "config", "loaded", "said"),
    [
        ("6.12.20", "", True, "Linux has the driver ethosu from 6.19 on; this is 6.12.20."),
        ("7.3.4", "CONFIG_DRM=y\nCONFIG_DRM_ACCEL_ARM_ETHOSU=m\n", False, "is not loaded: modprobe ethosu."),
        (
            "7.3.4",
            "CONFIG_DRM=y\n",
            False,
            "without the driver ethosu: it takes CONFIG_DRM_ACCEL_ARM_ETHOSU.",
        ),
        ("7.3.4", "", True, "drives no device: the NPU's node in the device tree must be okay."),
        ("7.3.4", "", False, "it takes CONFIG_DRM_ACCEL_ARM_ETHOSU, and the NPU in the device tree."),
    ],
)
def test_why_a_kernel_has_no_device(tmp_path: Path, kernel: str, config: str, loaded: bool, said: str) -> None:
    root = write_board("imx93-mainline", tmp_path)
    (root / "dev/accel/accel0").unlink()
    (root / "proc/sys/kernel/osrelease").write_text(kernel)
    if config:
        (root / "proc/config.gz").write_bytes(gzip.compress(config.encode()))
    if not loaded:
        shutil.rmtree(root / "sys/module/ethosu")
    teflon = next(it for it in survey_of(root).candidates if "/teflon" in it.target)
    [missing] = teflon.missing
    assert missing.endswith(said)


@pytest.mark.parametrize("root", ["imx8mp"], indirect=True)
def test_etnaviv_without_an_npu_in_the_device_tree_is_a_gpu(root: Path) -> None:
    link = root / "sys/class/drm/renderD128/device/driver"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../bus/platform/drivers/etnaviv")
    (root / "dev/dri").mkdir()
    (root / "dev/dri/renderD128").touch()
    library = root / "usr/lib/teflon/libteflon.so"
    library.parent.mkdir()
    library.write_bytes(b"\x7fELF\0" + b"26.2.6-1\0ETNA_MESA_DEBUG\0")
    teflon = next(it for it in survey_of(root).candidates if "/teflon" in it.target)
    [missing] = teflon.missing
    assert missing.startswith("The device tree names no NPU, so etnaviv drives only the GPU")
    (root / "sys/firmware/devicetree/base/soc@0/npu@38500000").mkdir(parents=True)
    facts = survey_of(root)
    assert facts.said("npu-in-tree") == "npu@38500000 okay"
    assert "imx8mp/teflon@26.2" in [candidate.target for candidate in facts.candidates if candidate.is_usable]


@pytest.mark.parametrize("root", ["imx93-mainline"], indirect=True)
def test_debians_libteflon_lacks_the_driver_although_it_has_its_name(root: Path) -> None:
    debian = write_board("rk3588", root.parent / "debian") / "usr/lib/teflon/libteflon.so"
    shutil.copy(debian, root / "usr/lib/aarch64-linux-gnu/libteflon.so")
    teflon = next(it for it in survey_of(root).candidates if "/teflon" in it.target)
    assert "26.2.6-1 was built without the driver ethosu (it has rocket and etnaviv, as Debian's" in teflon.missing[0]
    own = root / "usr/local/lib/libteflon.so"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"\x7fELF\0" + b"26.2.2\0ETHOSU_DEBUG\0")
    facts = survey_of(root)
    teflon = next(it for it in facts.candidates if "/teflon" in it.target)
    assert (teflon.missing, teflon.delegate, facts.mesa) == ((), str(own), "26.2.2")


@pytest.mark.parametrize(
    ("kernel", "tflite", "bsp", "target", "why"),
    [
        ("6.1.36-lts-next-g4a9d3b1", "2.11.1", "lf-6.1.36", "@lf-6.1.36", "Linux 6.1.36-lts-next-g4a9d3b1 is that of"),
        ("6.18.2-1.0.0-gf49f45233f7b", "2.19.0", "lf-6.18.2", "@lf-6.18", "is that of NXP's lf-6.18.2"),
        ("6.6.52-lts-next-g4a9d3b1", "2.16.2", "lf-6.6.52", "@lf-6.6.36", "TensorFlow Lite 2.16.2 is that of NXP's"),
        ("6.1.46-variscite", "2.11.1", "lf-6.1.36", "@lf-6.1.36", "TensorFlow Lite 2.11.1 is that of NXP's lf-6.1.36"),
        ("5.15.80-variscite", "2.9.1", "", "@lf-5.15.71", "2.9.1 is that of NXP's lf-5.15.52 and lf-5.15.71"),
        ("6.1.46-variscite", "2.7.0", "", "", "the board does not say which of NXP's BSPs it runs"),
    ],
)
def test_the_bsp_follows_from_the_kernel_or_from_tensorflow_lite(
    tmp_path: Path, kernel: str, tflite: str, bsp: str, target: str, why: str
) -> None:
    root = write_board("imx93-bsp", tmp_path)
    (root / "proc/sys/kernel/osrelease").write_text(f"{kernel}\n")
    (root / "usr/bin/tensorflow-lite-2.11.1").rename(root / f"usr/bin/tensorflow-lite-{tflite}")
    facts = survey_of(root)
    assert (facts.bsp, facts.candidates[0].target) == (bsp, f"imx93/vela{target}")
    assert why in facts.candidates[0].why


@pytest.mark.parametrize("root", ["raspberry-pi"], indirect=True)
def test_nothing_that_identifies_a_person_or_a_board_is_asked_for(root: Path) -> None:
    told = ShellConnection(root, ("sh",), {"NPUFIT_BOARD_ROOT": str(root)})
    said: list[bytes] = []
    plain = told.shell

    def listen(script: str, *, time_limit_s: float = 30.0, most_bytes: int = 1 << 23) -> Completed:
        completed = plain(script, time_limit_s=time_limit_s, most_bytes=most_bytes)
        said.append(completed.output + completed.errors)
        return completed

    told.shell = listen
    survey(told)
    read(told)
    text = b"".join(said).lower()
    assert b"brcm,bcm2711" in text
    for secret in (b"feedbeef", b"dc:a6", b"mmcblk0", b"kitchen"):
        assert secret not in text


class Told(ShellConnection):
    """A board that answers what it is told to."""

    def __init__(self, output: bytes) -> None:
        super().__init__(Path())
        self.output = output

    def shell(self, script: str, *, time_limit_s: float = 30.0, most_bytes: int = 1 << 23) -> Completed:
        return Completed(0, self.output[:most_bytes], b"")


def test_a_chip_file_of_the_user_is_recognized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chips = tmp_path / "chips"
    chips.mkdir()
    monkeypatch.setenv("NPUFIT_CHIPS", str(chips))
    source = 'source = "device tree of the board"'
    (chips / "mychip.toml").write_text(
        f"""title = "Mine"
[[cpu]]
kind = {{ value = "Arm Cortex-A55", {source} }}
cores = {{ value = 4, unit = "cores", {source} }}
[npu]
name = {{ value = "Arm Ethos-U65", {source} }}
[recognition]
compatible = [{{ value = "maker,mychip", {source} }}]
[stacks.teflon]
driver = {{ value = "ethosu", {source} }}
"""
    )
    told = Told(b"=compatible\tx\n|maker,board\n|maker,mychip\n=kernel\tx\n|7.3.4\n=end\tx\n")
    facts = survey(told)
    assert (facts.chip, [it.target for it in facts.candidates]) == ("mychip", ["mychip/teflon"])


def test_a_shell_that_cannot_tell_is_said_so() -> None:
    with pytest.raises(ToolError, match="board did not finish the probe: its shell said nothing"):
        survey(Told(b"=root\tx\n|\n"))


@pytest.mark.parametrize("name", BOARDS)
def test_damaged_answers_are_read_without_an_error(name: str, tmp_path: Path) -> None:
    root = write_board(name, tmp_path / "root")
    connection = ShellConnection(root, ("sh",), {"NPUFIT_BOARD_ROOT": str(root)})
    outputs: list[bytes] = []
    plain = connection.shell

    def listen(script: str, *, time_limit_s: float = 30.0, most_bytes: int = 1 << 23) -> Completed:
        completed = plain(script, time_limit_s=time_limit_s, most_bytes=most_bytes)
        outputs.append(completed.output)
        return completed

    connection.shell = listen
    survey(connection)
    sound = outputs[0]
    chance = random.Random(14)
    for _ in range(60):
        damaged = bytearray(sound)
        for _ in range(chance.randrange(1, 40)):
            place = chance.randrange(len(damaged))
            piece = chance.choice([b"\0", b"\xff", b"\x1b[2J", b"\t", b"\n", b"=", b"|", b"9" * 30, b"-", b"\n=end\t"])
            damaged[place : place + chance.randrange(9)] = piece
        facts = survey(Told(bytes(damaged) + b"\n=end\tx\n"))
        assert all(fact.value.replace("\n", "").isprintable() for fact in facts.facts)
