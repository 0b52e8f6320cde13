"""The examples for CI do what they say: the workflow step by step, and the hook with pre-commit, in a repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from real_files import REPOSITORY, find_model

_EXAMPLES = REPOSITORY / "examples" / "ci"
_WORKFLOW: dict[Any, Any] = yaml.safe_load((_EXAMPLES / "workflow.yml").read_text(encoding="utf-8"))
_STEPS: list[dict[str, Any]] = _WORKFLOW["jobs"]["models"]["steps"]
_GOOD, _PARTLY_ON_CPU, _HAZARDOUS = "micro/concat_c16.tflite", "kws_ref_model.tflite", "micro/pad_sym_conv.tflite"


class Runner:
    """A clone of a repository with one model, and what a GitHub runner offers to a step."""

    def __init__(self, folder: Path) -> None:
        self.clone, self.summary, self.temporary = folder / "clone", folder / "summary.md", folder / "temporary"
        self.temporary.mkdir()
        self.model = self.clone / "models" / "my net.tflite"
        self.environment = {
            **os.environ,
            **_WORKFLOW["env"],
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_BASE_REF": "main",
            "RUNNER_TEMP": str(self.temporary),
            "PRE_COMMIT_HOME": str(folder / "pre-commit"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{role}_{field}": "somebody" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")},
        }
        origin = folder / "origin"
        self.run("git", "init", "--quiet", "--initial-branch=main", str(origin), cwd=folder)
        self.run("git", "clone", "--quiet", str(origin), str(self.clone), cwd=folder)
        self.run("git", "checkout", "--quiet", "-b", "main")
        self.commit(_GOOD)
        self.run("git", "push", "--quiet", "origin", "main:base")
        self.run("git", "update-ref", "refs/remotes/origin/main", "main")

    def run(self, *command: str, cwd: Path | None = None, succeeds: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone, or in `cwd`."""
        done = subprocess.run(
            command, cwd=cwd or self.clone, env=self.environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode == 0) or not succeeds, done.stdout + done.stderr
        return done

    def commit(self, model: str) -> None:
        """Commit another content of the model."""
        self.model.parent.mkdir(exist_ok=True)
        shutil.copy(find_model(model), self.model)
        self.run("git", "add", ".")
        self.run("git", "commit", "--quiet", "-m", "a model")

    def step(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run a step of the workflow as GitHub runs it."""
        (step,) = (step for step in _STEPS if step.get("name") == name)
        script = self.temporary / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        return self.run("bash", "--noprofile", "--norc", "-eo", "pipefail", str(script), succeeds=False)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a runner whose branch is what its base branch is."""
    return Runner(tmp_path)


def test_the_workflow_is_one_that_github_reads() -> None:
    assert _WORKFLOW[True].keys() == {"pull_request", "push", "schedule"}  # YAML 1.1 reads `on` as true
    assert _WORKFLOW["jobs"]["models"]["defaults"]["run"]["shell"] == "bash"
    assert [step["name"] for step in _STEPS if "run" in step] == [
        "Install npufit",
        "Check every model",
        "Compare changed models with the base branch",
        "Compare every model with its saved result",
    ]
    assert (
        next(step for step in _STEPS if step.get("name") == "Install npufit")["run"] == "python -m pip install npufit"
    )


def test_a_change_for_the_worse_fails_and_the_summary_says_why(runner: Runner) -> None:
    assert runner.step("Check every model").returncode == 0
    assert "## npufit: my net.tflite" in runner.summary.read_text(encoding="utf-8")
    runner.run("git", "checkout", "--quiet", "-b", "change")
    runner.commit(_HAZARDOUS)
    checked = runner.step("Check every model")
    assert checked.returncode == 1
    assert "FAILED: hazards==0 on imx93/teflon@26.1 (found 1)" in checked.stderr
    compared = runner.step("Compare changed models with the base branch")
    assert compared.returncode == 1
    assert "FAILED: hazards-gained==0" in compared.stderr
    summary = runner.summary.read_text(encoding="utf-8")
    assert "1 hazard gained" in summary
    assert "ethosu.pad-folded" in summary
    assert "**FAILED**" in summary


def test_a_model_that_nobody_changed_passes(runner: Runner) -> None:
    for name in ("Check every model", "Compare changed models with the base branch"):
        done = runner.step(name)
        assert done.returncode == 0, done.stderr


def test_a_saved_result_is_compared_with_what_npufit_says_now(runner: Runner) -> None:
    step = "Compare every model with its saved result"
    assert runner.step(step).returncode == 0
    runner.commit(_PARTLY_ON_CPU)
    saved = runner.model.with_name("my net.npufit.json")
    runner.run("npufit", "check", str(runner.model), "-t", "imx93/teflon@26.1", "--json", "-o", str(saved))
    runner.run("git", "add", ".")
    assert runner.step(step).returncode == 0
    assert "no change" in runner.summary.read_text(encoding="utf-8")
    document = json.loads(saved.read_text(encoding="utf-8"))
    on_cpu = next(entry for entry in document["results"][0]["operators"] if entry["unit"] == "cpu")
    on_cpu["unit"] = "npu"
    saved.write_text(json.dumps(document), encoding="utf-8")
    worse = runner.step(step)
    assert worse.returncode == 1
    assert "FAILED: moved-to-cpu==0 on imx93/teflon@26.1 (found 1)" in worse.stderr


def test_the_hook_stops_a_commit(runner: Runner) -> None:
    shutil.copy(_EXAMPLES / "pre-commit-config.yaml", runner.clone / ".pre-commit-config.yaml")
    runner.run("git", "add", ".")
    runner.run(sys.executable, "-m", "pre_commit", "run", "--all-files")
    shutil.copy(find_model(_HAZARDOUS), runner.model.with_name("another.tflite"))
    runner.run("git", "add", ".")
    stopped = runner.run(sys.executable, "-m", "pre_commit", "run", succeeds=False)
    assert stopped.returncode == 1
    assert "FAILED: hazards==0 on imx93/teflon@26.1 (found 1)" in stopped.stdout
    assert "my net" not in stopped.stdout  # only what the commit changes


def test_the_hook_of_this_repository_is_one_that_pre_commit_reads(runner: Runner) -> None:
    manifest = REPOSITORY / ".pre-commit-hooks.yaml"
    runner.run(sys.executable, "-m", "pre_commit", "validate-manifest", str(manifest))
    (hook,) = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    (local,) = yaml.safe_load((_EXAMPLES / "pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    assert local["entry"].startswith(f"{hook['entry']} ")
    assert {key: local[key] for key in ("id", "files", "require_serial")} == {
        key: hook[key] for key in ("id", "files", "require_serial")
    }
