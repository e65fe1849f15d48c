"""Modules that need no host: their calls are made at the top level of a file, and in its tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sloth import Folder

pytestmark = pytest.mark.xdist_group("localhost")  # two runs do not work on one machine at once


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize("placement", ["target", "controller"])
def test_modules_that_need_no_host_work_at_the_top_level_and_in_tasks(folder, placement):
    folder.write("hosts.ini", f"localhost sloth_connection=local sloth_placement={placement}\n")
    ended = folder.run(
        'local config = data.parse_yaml("ports: [80, 443]")\n'
        'local broken, why = json.decode("{")\n'
        'for _, port in ipairs(config.ports) do task("p" .. port):command("true"):build() end\n'
        'task("seen"):command(function()\n'
        '  return true, broken == nil and why .. toml.encode({ port = config.ports[2] }):gsub("\\n", "")\n'
        "end):build()",
        "-i", "hosts.ini",
    )  # fmt: skip
    assert list(ended.tasks) == ["p80", "p443", "seen"]
    assert ended.tasks["seen"]["message"].startswith("this is no JSON: ")
    assert ended.tasks["seen"]["message"].endswith("port = 443")


def test_a_call_without_a_host_that_makes_no_sense_has_its_line(folder):
    ended = folder.run('task("t"):command("true"):build()\nlocal text = strings.upper("a", 2)\n')
    assert ended.code == 1
    assert ended.stderr == "error: strings.upper: too many arguments; it takes text\n  at site.sloth:2\n"
