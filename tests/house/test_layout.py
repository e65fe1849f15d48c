"""The shape of the project: its top level is fixed, commands and links of its documents work, its lock is true."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.sources import ROOT, project_files

TOP = {
    ".ci", ".dev", ".github", ".gitignore", "LICENSE", "README.md", "inventory", "playbooks", "pyproject.toml", "roles",
    "sloth", "tests", "vagrant",
}  # fmt: skip
DOCUMENTS = [path for path in project_files() if path.endswith(".md")]
SCRIPTS = [path for path in project_files() if path.startswith((".dev/", ".ci/")) and "." not in Path(path).name]
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")
NAMED = re.compile(r"\b(?:(?:sloth|cli|engine|workflow|inventory|transport|store|secrets|catalog|core|runtime)/)+[a-z_/]+\.py\b")
PINNED = re.compile(r"^([\w.-]+)==(\S+?)(?: ;.*)?(?: \\)?$", re.MULTILINE)
# Paths of the machine that someone wrote sloth on mean nothing to its users.
PRIVATE = re.compile(rf"{re.escape(str(ROOT))}\b|(?<!\w)/home/(?!deploy\b|you\b|ada\b)\w+/|/Users/\w")


def test_the_top_level_holds_only_what_belongs_there():
    assert {path.split("/")[0] for path in project_files()} <= TOP


def test_links_lead_somewhere():
    broken = []
    for path in DOCUMENTS:
        folder = (ROOT / path).parent
        targets = {link: (folder / link).resolve() for link in LINK.findall((ROOT / path).read_text())}
        broken += [
            f"{path}: {link}"
            for link, target in targets.items()
            if not target.exists() or not target.is_relative_to(ROOT)
        ]
    assert not broken


def test_files_that_are_told_of_are_there():
    ours = [path for path in project_files() if path.endswith(".py")]
    named = {
        (path, found)
        for path in [*ours, *DOCUMENTS]
        for found in NAMED.findall((ROOT / path).read_text(encoding="utf-8"))
    }
    assert not [(path, name) for path, name in named if not any(f"/{one}".endswith(f"/{name}") for one in ours)]


def test_the_commands_of_the_readme_exist():
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    shown = [line.split() for block in blocks for line in block.splitlines()]
    ours = [words for words in shown if words and words[0].startswith(".dev/")]
    assert [".dev/test"] in ours
    assert any(words[:2] == [".dev/sloth", "apply"] for words in ours)
    for words in ours:
        assert os.access(ROOT / words[0], os.X_OK), words[0]
        for word in words[1:]:
            if word.startswith(("inventory/", "playbooks/", "roles/", "vagrant/")):
                assert (ROOT / word).exists(), word


@pytest.mark.parametrize("path", SCRIPTS)
def test_scripts_can_be_run(path: str):
    assert os.access(ROOT / path, os.X_OK)
    assert (ROOT / path).read_text().startswith(("#!/bin/sh\n", "#!/usr/bin/env bash\n", "#!/usr/bin/env python3\n"))


def test_no_file_names_a_path_outside_the_project():
    found = []
    for path in project_files():
        text = (ROOT / path).read_bytes().decode(errors="replace")
        found += [f"{path}: {match[0]}" for match in PRIVATE.finditer(text) if path != "tests/house/test_layout.py"]
    assert not found


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_fits_the_project_file(name: str):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + (project["optional-dependencies"]["dev"] if "dev" in name else [])
    locked: dict[str, list[str]] = {}
    for package, version in PINNED.findall((ROOT / ".dev" / name).read_text()):
        locked.setdefault(canonicalize_name(package), []).append(version)
    for requirement in map(Requirement, wanted):
        versions = locked.get(canonicalize_name(requirement.name))
        assert versions, f"{requirement.name} is not locked: run .dev/lock"
        assert all(requirement.specifier.contains(version) for version in versions), f"{requirement}: run .dev/lock"


def test_both_locks_agree():
    run, dev = (set(PINNED.findall((ROOT / ".dev" / f"requirements{kind}.lock").read_text())) for kind in ("", "-dev"))
    assert run <= dev
