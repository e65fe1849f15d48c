"""A project's own modules, in Python and in Lua, do on hosts what the shipped ones do: here, there, and as another user."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.applying import BECOME, Remote, remote
from tests.e2e.sloth import SLOTH, Folder
from tests.house.sources import ROOT
from tests.lab.fleet import Lab
from tests.lab.host import Host

GREET = '''"""Greetings in files."""

from sloth.runtime import files
from sloth.runtime.action import action


@action
def ensure(host, *, path: str, name: str = "world") -> None:
    """Make sure that a file greets somebody.

    path: the file
    name: whom it greets

    example: greet.ensure { path = "/tmp/hello", name = "Ada" }
    """
    files.ensure(host, path, b"hello " + name.encode("utf-8"), files.Wanted())
'''
TOOLS = "local M = {}\nfunction M.hello(path) return greet.ensure { path = path } end\nreturn M\n"
ROLE_MODULE = GREET.replace('b"hello "', 'b"bye "')
SITE = """
local path = "%s"
task("python"):command(function() greet.ensure { path = path, name = "Ada" } end):build()
task("lua"):command(function() return true, tools.hello(path .. "2").message end):build()
task("required"):command(function() return true, require("tools").hello(path .. "2").message end):build()
"""


def fill(folder: Path) -> None:
    (folder / "modules").mkdir(exist_ok=True)
    (folder / "modules" / "greet.py").write_text(GREET)
    (folder / "modules" / "tools.lua").write_text(TOOLS)


def test_a_project_runs_its_own_modules_and_those_of_its_roles(tmp_path):
    folder = Folder(tmp_path)
    fill(tmp_path)
    folder.write("roles/leave/modules/bye.py", ROLE_MODULE)
    folder.write("roles/leave/tasks/main.sloth", f'task("say"):command(function() bye.ensure("{tmp_path}/bye") end):build()')
    site = SITE % f"{tmp_path}/hello" + 'workflow.define("site"):roles({ "leave" }):tasks({ "python", "lua", "required" })'
    first, second = folder.run(site, "--diff"), folder.run(site)
    assert first.statuses == {"leave : say": "changed", "python": "changed", "lua": "changed", "required": "ok"}
    assert set(second.statuses.values()) == {"ok"}
    assert (tmp_path / "hello").read_text() == "hello Ada" and (tmp_path / "bye").read_text() == "bye world"


def test_check_mode_and_wrong_arguments_are_as_with_shipped_modules(tmp_path):
    folder = Folder(tmp_path)
    fill(tmp_path)
    assert folder.run(SITE % f"{tmp_path}/hello", "--check").statuses["python"] == "would_change"
    assert not (tmp_path / "hello").exists()
    ended = folder.run('task("t"):command(function() greet.ensure { pth = "/tmp/x" } end):build()')
    assert "unknown argument pth (did you mean path?)" in ended.tasks["t"]["message"]


def test_a_broken_module_is_an_error_before_anything_connects(tmp_path):
    folder = Folder(tmp_path)
    folder.write("modules/greet.py", GREET.replace("name: str", "name"))
    ended = folder.run('task("t"):command("true"):build()')
    assert ended.code == 1
    assert "action ensure: name has no type" in ended.stderr and "modules/greet.py:7" in ended.stderr


def test_a_broken_lua_module_is_told_with_its_own_line(tmp_path):
    folder = Folder(tmp_path)
    folder.write("modules/tools.lua", "local M = {}\nM.x = nothing.there\nreturn M\n")
    ended = folder.run('task("t"):command("true"):build()')
    assert ended.code == 1 and "modules/tools.lua:2" in ended.stderr and "global 'nothing'" in ended.stderr


@pytest.fixture
def there(lab: Lab, lab_hosts: list[Host], tmp_path: Path) -> Iterator[Remote]:
    fill(tmp_path)
    with remote(lab, lab_hosts[0], tmp_path) as host:
        yield host


@pytest.mark.lab
@pytest.mark.parametrize("placement", ["target", "controller"])
def test_modules_of_a_project_reach_hosts_and_other_users_there(there, placement):
    path = f"/root/sloth-greets-{placement}"
    hosts = there.folder / "lab.yml"
    hosts.write_text(hosts.read_text().replace("  vars:\n", f"  vars:\n    sloth_placement: {placement}\n"))
    site = f'task("t"):become(true):command(function() greet.ensure("{path}") tools.hello("{path}") end):build()'
    try:
        assert there.run(site, BECOME).statuses == {"t": "changed"}
        assert there.run(site, BECOME).statuses == {"t": "ok"}
        assert there.sh(f"cat {path}") == "hello world"
    finally:
        there.sh(f"rm -f {path}")


def test_an_installed_package_offers_modules(tmp_path):
    folder = Folder(tmp_path, SLOTH, {"PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)])})
    folder.write("site/acme/__init__.py", "")
    folder.write("site/acme/greet.py", GREET)
    folder.write("site/acme-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
    folder.write("site/acme-1.dist-info/entry_points.txt", "[sloth.modules]\ngreet = acme.greet\n")
    ended = folder.run(f'task("t"):command(function() greet.ensure("{tmp_path}/hello") end):build()')
    assert ended.statuses == {"t": "changed"}
    assert "acme/greet.py" in folder.sloth("modules", "show", "greet").stdout
