"""Releases and BSPs: what people write, what it stands for, and what each needs."""

from __future__ import annotations

import pytest

from npufit.errors import InputError
from npufit.stacks import resolve_target
from npufit.stacks.vela.installing import wish_for
from npufit.stacks.vela.releases import (
    BSPS,
    NEWEST,
    RELEASES,
    find_release,
    need_release_number,
    read_version,
    release_number,
)
from npufit.stacks.vela.translated import translated_since, translated_types


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3.8", "3.8"),
        ("3.8.0", "3.8"),
        ("v3.12", "3.12"),
        ("5.2.7", "5.2"),
        ("lf-6.1.36", "lf-6.1.36"),
        ("lf-6.1.36_2.1.0", "lf-6.1.36"),
        ("lf-6.1.36-2.1.0", "lf-6.1.36"),
        ("LF6.1.36_2.1.0", "lf-6.1.36"),
        ("L6.6.36_2.1.0", "lf-6.6.36"),
        ("6.1.36", "lf-6.1.36"),
        ("5.15.71", "lf-5.15.71"),
        ("lf-6.18", "lf-6.18"),
        ("6.18", "lf-6.18"),
        ("5.20", "5.20"),
        ("latest", None),
        ("lf-", None),
        ("", None),
    ],
)
def test_versions_are_read_as_people_write_them(text: str, version: str | None) -> None:
    assert read_version(text) == version


def test_every_bsp_with_a_release_has_one_that_can_be_installed() -> None:
    for bsp in BSPS:
        assert read_version(bsp.name) == bsp.name
        assert bsp.release is None or find_release(bsp.release) is not None
    assert release_number("lf-6.1.36") == "3.8"
    assert release_number("lf-6.6.36") == "3.12"


def test_what_a_release_needs_is_stated() -> None:
    for release in RELEASES:
        assert release.pythons
        assert release.requirement.startswith("ethos-u-vela==")
        assert release.companions or release.number == NEWEST


def test_a_bsp_whose_release_is_unknown_is_named_as_such() -> None:
    with pytest.raises(InputError, match=r"the Vela that lf-6\.18 ships is unknown\. Known: .*lf-6\.1\.36 \(3\.8\)"):
        need_release_number("lf-6.18")
    assert resolve_target("imx93/vela@lf-6.18").version == "lf-6.18"


def test_the_target_says_what_was_asked_for() -> None:
    assert str(resolve_target("imx93/vela@lf-6.1.36_2.1.0")) == "imx93/vela@lf-6.1.36"
    assert str(resolve_target("imx93/vela@3.8.0")) == "imx93/vela@3.8"
    with pytest.raises(InputError, match=r"has no version '9\.9'"):
        resolve_target("imx93/vela@9.9")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("gcc@3", None, None), "unknown toolchain 'gcc@3'"),
        (("vela", None, None), "no version given"),
        (("vela@9.9", None, None), r"the requirements of Vela 9\.9 are unknown"),
        (("vela@5.2", None, None), r"comes with npufit"),
        (("vela@lf-6.18", None, None), "is unknown. Known:"),
        (("vela", "./fork", None), "--from needs --as"),
        (("vela@3.8", "./fork", "lf-6.1.36"), "--from needs --as"),
        (("vela", "./fork", "mine"), "neither a release such as"),
        (("vela", "-e", "lf-6.1.36"), "an option, not"),
        (("vela@3.8", None, "lf-6.1.36"), "--as names what --from installs"),
    ],
)
def test_what_cannot_be_installed(arguments: tuple[str, str | None, str | None], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        wish_for(*arguments, None)


def test_a_bsp_gets_the_release_of_its_number_and_a_fork_its_own_name() -> None:
    upstream = wish_for("vela@lf-6.1.36", None, None, None)
    assert (upstream.name, upstream.requirement) == ("3.8", "ethos-u-vela==3.8.0")
    fork = wish_for("vela", "git+https://example.org/vela@lf-6.1.36-2.1.0", "lf-6.1.36_2.1.0", None)
    assert (fork.name, fork.requirement) == ("lf-6.1.36", "git+https://example.org/vela@lf-6.1.36-2.1.0")


def test_types_by_release() -> None:
    older, newer = translated_types("3.8.0"), translated_types("3.10.0")
    assert older is not None
    assert newer is not None
    assert "TRANSPOSE" in newer - older
    assert translated_since("TRANSPOSE") == "3.10"
    assert translated_since("GATHER") is None
    assert translated_types("5.2.0") is None


def test_a_password_in_a_requirement_is_not_repeated() -> None:
    wish = wish_for("vela", "git+https://me:secret@example.org/vela@lf-6.1.36-2.1.0", "lf-6.1.36", None)
    assert wish.requirement.count("secret") == 1
    assert wish.shown == "git+https://example.org/vela@lf-6.1.36-2.1.0"
