"""`.dev/environment` makes the checkout's own Python environment, or says what is missing and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The scripts and locks of this project in a folder of their own."""
    folder = tmp_path / "sloth"
    shutil.copytree(ROOT / ".dev", folder / ".dev")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _environment(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    without_pip = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return subprocess.run(
        [checkout / ".dev/environment", *arguments], env={**without_pip, **variables},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def _pretend_complete(checkout: Path) -> None:
    (checkout / ".venv/bin").mkdir(parents=True)
    (checkout / ".venv/made-by-sloth").touch()
    for lock in LOCKS:
        shutil.copy(checkout / ".dev" / lock, checkout / ".venv" / lock)


def test_a_complete_environment_is_left_alone(checkout):
    _pretend_complete(checkout)
    done = _environment(checkout, "dev", PATH="/usr/bin:/bin")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_a_python_that_is_new_enough_it_names_the_package(checkout, tmp_path):
    bare = tmp_path / "bin"
    bare.mkdir()
    for tool in ("sh", "readlink", "cmp", "flock", "mktemp", "rm", "id", "sed", "mv", "cat"):
        found = shutil.which(tool)
        assert found
        (bare / tool).symlink_to(found)
    done = _environment(checkout, PATH=str(bare))
    assert done.returncode == 1
    assert "no Python of 3.11 or later was found" in done.stderr
    assert not list(checkout.glob(".venv*"))


@pytest.mark.parametrize("before", [pytest.param(False, id="none"), pytest.param(True, id="an older one")])
def test_a_build_without_an_index_leaves_what_was_there(checkout, before):
    if before:
        _pretend_complete(checkout)
        (checkout / ".venv/requirements.lock").write_text("# of last week\n")
    done = _environment(
        checkout, PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="0", PIP_CONFIG_FILE="/dev/null"
    )
    assert done.returncode == 1
    assert "Is the package index reachable?" in done.stderr
    assert [path.name for path in checkout.glob(".venv*")] == ([".venv"] if before else [])
    assert not before or (checkout / ".venv/requirements.lock").read_text() == "# of last week\n"


def test_an_environment_of_somebody_else_is_never_touched(checkout):
    program = checkout / ".venv/bin/python"
    program.parent.mkdir(parents=True)
    program.touch()
    done = _environment(checkout)
    assert done.returncode == 1
    assert "was not made by this script" in done.stderr
    assert program.exists()


def test_the_command_passes_its_arguments_and_exit_code_on(checkout):
    _pretend_complete(checkout)
    program = checkout / ".venv/bin/sloth"
    program.write_text('#!/bin/sh\necho "$#:$2"\nexit 3\n')
    program.chmod(0o755)
    link = checkout / "sloth"
    link.symlink_to(".dev/sloth")
    done = subprocess.run([link, "apply", "two words"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "2:two words\n")
