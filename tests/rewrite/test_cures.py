"""The passes that a check suggests exist, are written against rules that exist, and are those that say so."""

from __future__ import annotations

import os
import subprocess
import sys

from npufit.rewrite import load_pass, pass_names
from npufit.rewrite.cures import INDEX, cures_of, index_text
from npufit.stacks import all_rules


def test_the_index_is_what_the_passes_declare() -> None:
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        INDEX.write_text(index_text(), encoding="utf-8")
    assert INDEX.read_text(encoding="utf-8") == index_text()


def test_every_pass_cures_rules_that_exist() -> None:
    declared = {rule for name in pass_names() for rule in load_pass(name).cures}
    assert {"ethosu.pad-folded", "ethosu.brick-order"} <= declared <= {rule.id for rule in all_rules()}


def test_a_cure_says_what_fit_is_given() -> None:
    assert [cure.fit_options for cure in cures_of("ethosu.pad-folded")] == ["--only fold-pad"]
    assert [cure.fit_options for cure in cures_of("ethosu.per-channel")] == ["--allow-approximate --only per-tensor"]


def test_exact_passes_come_first() -> None:
    exact, approximate = cures_of("teflon.relu6-range")
    assert exact.is_exact
    assert not approximate.is_exact


def test_a_rule_that_nothing_is_written_against_has_no_cure() -> None:
    assert cures_of("teflon.unmapped") == ()
    assert cures_of("no such rule") == ()


def test_naming_a_cure_imports_no_pass() -> None:
    asked = "import sys; from npufit.rewrite.cures import cures_of; assert cures_of('ethosu.pad-folded')"
    loaded = "print('numpy' in sys.modules, any(name.startswith('npufit.rewrite.passes.') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"{asked}; {loaded}"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
