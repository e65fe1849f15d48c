"""What a shell is offered at Tab: names from the inventory, the workflow file and the modules."""

from __future__ import annotations

import pytest

from tests.e2e.sloth import Folder

INVENTORY = "all: {children: {web: {hosts: {web1: , web2: }}, db: {hosts: {db1: }}}}\n"
SITE = """
workflow.define("site", { tasks = {
  { name = "install it", tags = { "web", "base" }, command = "true" },
  { name = "configure", tags = { "conf" }, command = "true" },
} })
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = Folder(tmp_path_factory.mktemp("completing"))
    made.write("hosts.yml", INVENTORY)
    made.write("site.sloth", SITE)
    made.write("broken.sloth", "task(")
    return made


def offered(folder: Folder, line: str) -> list[str]:
    """What bash is told for the last word of a line."""
    words = line.split(" ")
    asks = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_SLOTH_COMPLETE": "complete_bash"}
    ended = Folder(folder.path, environ=asks).sloth("")
    assert (ended.code, ended.stderr) == (0, "")
    return ended.stdout.split("\n")[:-1] if ended.stdout.strip() else []


@pytest.mark.parametrize(("line", "names"), [
    pytest.param("sloth apply -i hosts.yml site.sloth -l w", ["web", "web1", "web2"], id="groups and hosts"),
    pytest.param("sloth apply -i hosts.yml -l web:!web", ["web:!web", "web:!web1", "web:!web2"], id="end of a pattern"),
    pytest.param("sloth exec -i hosts.yml d", ["db", "db1"], id="pattern of a command"),
    pytest.param("sloth inventory show -i hosts.yml web", ["web", "web1", "web2"], id="a host"),
    pytest.param("sloth apply site.sloth -t ", ["base", "conf", "web"], id="tags"),
    pytest.param("sloth apply site.sloth --skip-tags web,c", ["web,conf"], id="the last of several tags"),
    pytest.param("sloth run site.sloth --start-at-task ", ["install it", "configure"], id="tasks"),
    pytest.param("sloth plan site.sloth --workflow s", ["site"], id="workflows"),
    pytest.param("sloth modules show file_", ["file_ops"], id="modules"),
    pytest.param("sloth modules show file_ops.c", ["file_ops.copy"], id="actions"),
    pytest.param("sloth call all file_", ["file_ops."], id="what to call"),
    pytest.param("sloth call all file_ops.copy de", ["dest="], id="arguments"),
    pytest.param("sloth apply broken.sloth -t ", [], id="a file that does not load"),
    pytest.param("sloth apply missing.sloth -t ", [], id="no file"),
    pytest.param("sloth apply -i missing.yml -l ", [], id="no inventory"),
    pytest.param("sloth call all nothing.x y", [], id="no action"),
])  # fmt: skip
def test_names_are_offered(folder, line, names):
    assert offered(folder, line) == names


def test_loading_a_file_for_names_prints_nothing(folder):
    folder.write("loud.sloth", 'print("loud")\n' + SITE)
    assert offered(folder, "sloth apply loud.sloth --workflow ") == ["site"]
