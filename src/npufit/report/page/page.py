"""What every HTML page shares: the frame, the scripts and data that it embeds, and the policy that allows nothing else.

A page is one file. Its Content-Security-Policy names the hashes of its own style sheet and scripts; nothing is loaded,
nothing else runs, and no attribute can hold a script or a style.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from typing import Any

from npufit._version import __version__
from npufit.report.page.environment import page_environment
from npufit.report.page.payload import payload_text


class Bundle(StrEnum):
    """A script that `make web` writes into this folder. `SHELL` is part of every page."""

    SHELL = "shell"
    """Themes, and the switch between views."""
    GRAPH = "graph"
    """The network as a graph, its times and memory: reads the payload `graph`."""
    CHARTS = "charts"
    """Charts: reads the payload `charts`."""


class Tone(StrEnum):
    """How loud the answer is."""

    PLAIN = "plain"
    BAD = "bad"
    """A hazard, a slowdown or a failure that nobody expects."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the content of a page.

    `verb` is the command, `subject` the model or models, `headline` the answer in one line,
    `about` a line on its subject. `headlines` are those of the views with their tones, if each view has its own.
    `views` are the titles of a switch (none with fewer than two): the shell shows elements with the attribute
    `data-view="N"` for view N alone. `payloads` are documents that the scripts in `bundles` read, by name.
    """

    verb: str
    subject: str
    headline: str
    about: str = ""
    tone: Tone = Tone.PLAIN
    headlines: tuple[tuple[str, Tone], ...] = ()
    views: tuple[str, ...] = ()
    views_label: str = "Target"
    bundles: tuple[Bundle, ...] = ()
    payloads: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class _Script:
    """A script of the page and its hash."""

    text: str
    hash: str


def render_page(template: str, frame: Frame, **context: object) -> str:
    """Return a page as HTML: `template`, such as `check/check.html.j2`, which extends `page/page.html.j2`, filled.

    `context` are the names that the template uses. Every text is escaped, and characters that control or reverse text
    are spelled out; only `Markup` passes unchanged.
    """
    scripts = [_script(bundle) for bundle in dict.fromkeys((Bundle.SHELL, *frame.bundles))]
    style = _resource("page.css")
    return (
        page_environment()
        .get_template(template)
        .render(
            frame=frame,
            scripts=scripts,
            style=style,
            policy=_policy(_hash(style), [script.hash for script in scripts]),
            payloads={name: payload_text(payload) for name, payload in frame.payloads.items()},
            version=__version__,
            **context,
        )
    )


def _policy(style_hash: str, script_hashes: list[str]) -> str:
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(script_hashes),
        "style-src": style_hash,
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{rule} {value}" for rule, value in rules.items())


@functools.cache
def _script(bundle: Bundle) -> _Script:
    text = _resource(f"{bundle}.js")
    return _Script(text, _hash(text))


@functools.cache
def _resource(name: str) -> Any:
    """Return a file that `make web` wrote; a test holds that none can end its element early."""
    from markupsafe import Markup

    text = (files("npufit.report.page") / name).read_text(encoding="utf-8")
    return Markup(text)


def _hash(text: str) -> str:
    """Return the hash of an inline script or style, as a policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
