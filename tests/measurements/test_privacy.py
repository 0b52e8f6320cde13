"""No file of a measurement says whose board it is: names, addresses, serial numbers and paths are removed."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npufit
from measurements.made_measurements import consistent, model_of, proven
from npufit.measurements import Measurement, Proof, UsedFile, anonymous, without_identity, write_measurement

_KEYWORDS = Path(__file__).parents[1] / "models" / "kws_ref_model.tflite"

_HOST, _USER, _ADDRESS, _MAC, _SERIAL = "lab-7-evk", "mgruber", "10.23.4.117", "00:04:9f:05:a1:b2", "2A0B14D9E83F7C61"
_SECRETS = (
    _HOST,
    _USER,
    _ADDRESS,
    _MAC,
    _SERIAL,
    "fe80::204:9fff:fe05:a1b2",
    "maria.gruber",
    "/home/",
    "/srv/",
    "secret",
)
_PRINTED = (
    f"{_USER}@{_HOST}:~/secret-project# ./benchmark_model --graph=/home/{_USER}/secret-project/net.tflite",
    f"INFO: External delegate path: [/srv/{_HOST}/libethosu_delegate.so]",
    f"Nov 22 08:00:01 {_HOST} kernel: ethosu 4a900000.npu: ready",
    f"connect to {_ADDRESS}:22, link {_MAC}, inet6 fe80::204:9fff:fe05:a1b2%eth0/64",
    f"serial number: {_SERIAL}, or {_SERIAL.lower()}, mailto maria.gruber@example.org",
    f"fetched http://{_HOST}.example.org/secret/net.tflite and ssh://{_USER}@{_ADDRESS}:2222",
    f"cache_file_path:/home/{_USER}/.cache/secret",
)


_DIGESTS = {"sha256", "structure", "compiled_sha256", "digest"}
_RESTRICTED = {*_DIGESTS, "day", "target", "chip", "made_by", "statistic", "unit", "kind"}
"""Texts that the form restricts, or that npufit itself writes."""


def _told(value: Any) -> Any:
    """Return a measurement with all its texts replaced by what a board printed."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return " ".join(_PRINTED)
    if isinstance(value, tuple):
        return tuple(map(_told, cast("tuple[Any, ...]", value)))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    names = {field.name for field in fields(value)} - _RESTRICTED
    return replace(value, **{name: _told(getattr(value, name)) for name in names})


@pytest.mark.parametrize("make", [proven, consistent])
def test_no_file_contains_what_identifies_a_board_or_a_person(tmp_path: Path, make: Any) -> None:
    measurement = make(model_of(npufit.load(_KEYWORDS)))
    told = replace(_told(measurement), log=_PRINTED)
    # The owner chooses the label, and the model's name is that of the file without its folder.
    told = replace(
        told, board=replace(told.board, label="desk"), model=replace(told.model, name="/srv/secret/net.tflite")
    )
    content = write_measurement(tmp_path, told, (_HOST, _USER, _ADDRESS, _SERIAL)).read_bytes().decode()
    found = [secret for secret in _SECRETS if secret.lower() in content.lower()]
    assert found == []
    assert '"name": "net.tflite"' in content
    assert "benchmark_model --graph=net.tflite" in content, "what the verdicts come from stays readable"


def test_only_names_that_the_host_cannot_choose_may_be_the_host_name(tmp_path: Path) -> None:
    measurement = proven(model_of(npufit.load(_KEYWORDS)))
    told = replace(measurement, log=("imx93-11x11-evk login:",))
    content = write_measurement(tmp_path, told, ("imx93-11x11-evk", "root")).read_text(encoding="utf-8")
    assert "<private> login:" in content
    assert '"fsl,imx93-11x11-evk"' in content


@pytest.mark.parametrize(
    "text",
    [
        "STARTING!",
        "INFO: Inference timings in us: Init: 31233, First inference: 6004, Warmup (avg): 389, Inference (avg): 3775.4",
        "count=150 first=3801 curr=3770 min=3741 max=3898 avg=3775.44 std=21 p5=3752 median=3769 p95=3821",
        "count=50 first=1.24027e+06 curr=1.23e+06 min=12 max=13 avg=1.24027e+06 std=2",
        "INFO: EthosuDelegate: 1 nodes delegated out of 2 nodes with 1 partitions.",
        "Memory footprint delta from the start of the tool (MB): init=3.1 overall=5.2",
        "teflon: invoked graph, took 7 ms",
        "Install it with: npufit toolchain install vela@3.8. Or vela@3.10.1.",
        "mobilenet_v1@128,int8 on imx93/vela@lf-6.1.36: 3.78 ms, predicted 3.9 (2.4 to 6.5)",
        "/proc/interrupts: 4a900000.ethosu counted 151 in 151 calls; /dev/ethosu0, /dev/accel/accel0",
        "model/conv1/BiasAdd;model/conv1/Conv2D, StatefulPartitionedCall:0, 12:34:56, std::bad_alloc, 1/2",
        "Linux 6.6.36-lts-next-g5f3a9d2c81be, galcore 6.4.11.p2.745085, Mesa 25.3.0-devel",
    ],
)
def test_what_verdicts_come_from_is_not_touched(text: str) -> None:
    assert without_identity(text) == text


def test_names_that_identify_nobody_do_not_spoil_sentences() -> None:
    text = "the NPU interrupted in 2222 of 2222 calls of root"
    assert without_identity(text, ("npu", "root", "2222", "ab", "Lab-9")) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("root@am62xx-evm:~# /opt/benchmark_model --graph=/a.tflite", "<private> benchmark_model --graph=a.tflite"),
        ("Loaded model /data/local/tmp/net.tflite", "Loaded model net.tflite"),
        ("-m output/deep/net_vela.tflite -i ../grace_hopper.bmp", "-m net_vela.tflite -i grace_hopper.bmp"),
        ("/usr/lib/libvx_delegate.so and /usr/bin/python3", "libvx_delegate.so and python3"),
        (r"C:\Users\maria\net.tflite", "net.tflite"),
        ("eth0: 192.168.1.17, gateway evk.lan", "eth0: <address>, gateway <private>"),
        ("Serial: 1424119e0c2f7b3a", "Serial: <serial>"),
        ("uuid 123e4567-e89b-12d3-a456-426614174000", "uuid <serial>"),
        ("board XN24A7F0015K", "board <serial>"),
    ],
)  # fmt: skip
def test_paths_and_prompts_keep_only_names_of_files(text: str, shown: str) -> None:
    assert without_identity(text) == shown


_REAL = {
    # eIQ forum, i.MX93, LF6.1.36
    "root@ok-mx93:/usr/bin/tensorflow-lite-2.11.1/examples# ./label_image -m output/mobilenet_v1_quant_vela.tflite"
    " -i grace_hopper.bmp -l labels.txt --external_delegate_path=/usr/lib/libethosu_delegate.so": (
        "<private> ./label_image -m mobilenet_v1_quant_vela.tflite -i grace_hopper.bmp -l labels.txt "
        "--external_delegate_path=libethosu_delegate.so"
    ),
    # i.MX8M Plus, TensorFlow Lite 2.11.1: the command is glued to the prompt
    "root@ok-mx8mpq-smarc:/usr/bin/tensorflow-lite-2.11.1/examples#./label_image -m mobilenet.tflite": (
        "<private>./label_image -m mobilenet.tflite"
    ),
    # TI's AM62x, TensorFlow Lite 2.18.0
    "root@am62xx-evm:~# /opt/tensorflow-lite/tools/benchmark_model --graph=/usr/share/oob-demo-assets/ssd.tflite": (
        "<private> benchmark_model --graph=ssd.tflite"
    ),
    # XNNPACK issue 999, Raspberry Pi
    "pi@raspberrypi:~/aXeleRate/example_scripts/detector $ ./benchmark_model --graph=yolo.tflite": (
        "<private> $ ./benchmark_model --graph=yolo.tflite"
    ),
    # Khadas VIM3, TIM-VX issue 316
    "./_deps/tensorflow-build/tools/benchmark/benchmark_model --graph=/home/khadas/Downloads/mobilenet_v2.tflite": (
        "benchmark_model --graph=mobilenet_v2.tflite"
    ),
    # i.MX95, NXP's LiteRT delegate
    "INFO: Input value files: [images:/root/face_scrfd.bin]": "INFO: Input value files: [images:face_scrfd.bin]",
    "INFO: External delegate path: [/usr/lib/liblitert_neutron_delegate.so]": (
        "INFO: External delegate path: [liblitert_neutron_delegate.so]"
    ),
    # A311D, Mesa
    "root@radxa-zero2:~# python3 classification.py -i /src/mesa/grace_hopper.bmp": (
        "<private> python3 classification.py -i grace_hopper.bmp"
    ),
}


@pytest.mark.parametrize("line", _REAL)
def test_real_logs_keep_what_ran_and_lose_where(line: str) -> None:
    measurement = proven(model_of(npufit.load(_KEYWORDS)))
    found = anonymous(replace(measurement, settings=replace(measurement.settings, command=line), log=(line,)))
    assert found.settings.command.replace("./", "") == _REAL[line].replace("./", "")
    assert [word for word in ("@", "/home", "/usr", "/opt", "/root", "/src") if word in found.log[0]] == []


_WORD = st.from_regex(r"[a-z][a-z0-9]{3,10}(-[a-z0-9]{2,8})?", fullmatch=True)


@given(
    host=_WORD,
    user=_WORD,
    end=st.sampled_from(["", " ", ":", "# ls", ",", "]", ".tflite"]),
    start=st.sampled_from("[ =('\"\t"),
)
def test_prompts_paths_and_known_names_never_survive(host: str, user: str, end: str, start: str) -> None:
    text = f"{user}@{host}:~$ x{start}/home/{user}/{host}-data{end} {start}{host}{end} {start}{user}_{host}"
    cleaned = without_identity(text, (host, user))
    words = set(re.findall(r"[a-z0-9-]+", cleaned.lower())) | set(re.findall(r"[a-z0-9]+", cleaned.lower()))
    assert not {host, user} & (words - {"private", "path", "data", "tflite"})


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6).filter(lambda found: any(map(str.isdigit, str(found)))))
def test_addresses_never_survive(address: Any) -> None:
    for text in (f"from {address}: hello", f"[{address}]", f"host={address},", f"{address}"):
        assert str(address) not in without_identity(text)


@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_any_text_is_cleaned_once(text: str, private: list[str]) -> None:
    once = without_identity(text, private)
    assert without_identity(once, private) == once


def test_every_text_is_short_and_printable() -> None:
    measurement: Measurement = proven(model_of(npufit.load(_KEYWORDS)))
    hostile = "\x1b[31m\u202e" + "a/" * 100_000
    told = replace(
        measurement,
        proof=Proof(measurement.proof.verdict, hostile),
        log=(hostile,) * 1000,
        software=replace(measurement.software, files=(UsedFile("delegate", "/usr/lib/x.so", "", "1.2.3.4"),)),
    )
    found = anonymous(told)
    assert len(found.log) == 401
    assert found.log[-1] == "… 600 more lines"
    assert all(text.isprintable() and len(text) <= 1000 for text in (*found.log, found.proof.sentence))
    assert found.software.files[0].version == "1.2.3.4", "four numbers are a version here"
