"""Mutated files go through the commands; nothing but an answer or one of npufit's own errors comes out.

Seeds and numbers name the files: `python tests/fuzz/fuzz_worker.py --seed 1 --only 123 --keep mutant.tflite` makes one
again and sends it through the same commands.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_WORKER = Path(__file__).with_name("fuzz_worker.py")
_SEEDS = (11, 12, 13, 14, 15, 16)
_FILES = 900
_SLOW_SHARE = 0.005
"""Of the files, those that go through Vela, LiteRT and proofs as well; each of these takes seconds."""
_MOST_SECONDS = 900


def _send(folder: Path, seed: int, count: int, share: float) -> None:
    journal = folder / "journal"
    done = subprocess.run(
        [
            *(sys.executable, str(_WORKER), "--seed", str(seed), "--count", str(count)),
            *("--share", str(share), "--journal", str(journal)),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NPUFIT_CACHE_DIR": str(folder / "cache")},
        timeout=_MOST_SECONDS,
    )
    where = journal.read_text(encoding="utf-8") if journal.exists() else "before the first file"
    assert done.returncode == 0, f"the process died ({done.returncode}) at {where}:\n{done.stderr[-2000:]}"
    *failures, summary = map(json.loads, done.stdout.splitlines())
    assert not failures, "\n".join(
        f"seed {seed}, file {number}: npufit {how}: {what}" for _, number, how, what in failures
    )
    assert summary["tried"] == count
    assert summary["accepted"] > count / 4, "the mutations are too harsh to test anything behind the reader"


def test_mutated_files_in_the_commands(tmp_path: Path) -> None:
    _send(tmp_path, 1, 60, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", _SEEDS)
def test_many_mutated_files_in_the_commands(tmp_path: Path, seed: int) -> None:
    _send(tmp_path, seed, _FILES, _SLOW_SHARE)
