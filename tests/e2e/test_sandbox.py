"""The sandbox, tried from within: no script gets out of it, on a host or on the controller."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sloth import Folder

pytestmark = pytest.mark.xdist_group("localhost")  # two runs do not work on one machine at once


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


ESCAPES = {
    "removal": 'os.remove("site.sloth")',
    "other script": 'dofile("/etc/hostname")',
    "library": 'package.loadlib("libc.so.6", "system")',
    "debug": "debug.getregistry()",
    "globals": "getmetatable(_G).__index(_G, 'os').execute('x')",
    "Python": 'python.eval("1")',
    "Python by a string": '(""):rep(0).__class__.__base__()',
    "Python by a module": "pkg.__class__.__init__.__globals__.os.system('touch made')",
    "strings": "getmetatable('').__index.format = nil",
    "bytecode": "assert(load(string.dump(function() end)))()",
    "written bytecode": 'assert(load("\\27Lua", "x", "b"))()',
    "finalizer": "setmetatable({}, { __gc = function() end })",
    "library of the system": 'require("/usr/lib/x86_64-linux-gnu/libc.so.6")',
}  # fmt: skip


def test_no_script_gets_out_of_the_sandbox_on_a_host(folder):
    tasks = [
        f'task("{name}"):command(function() {body} return true, "escaped" end):build()'
        for name, body in ESCAPES.items()
    ]
    ended = folder.run("\n".join(tasks))
    assert {name: ended.tasks[name]["message"] for name in ESCAPES if ended.statuses[name] != "failed"} == {}
    assert not (folder.path / "made").exists()


def test_no_script_gets_out_of_the_sandbox_on_the_controller(folder):
    tried = [f'assert(not pcall(function() {body} end), "{name}")' for name, body in ESCAPES.items()]
    ended = folder.run("\n".join(tried) + '\ntask("a"):command("true"):build()')
    assert (ended.stderr, ended.code) == ("", 0)
    assert not (folder.path / "made").exists()


# what old files say of the machine: module calls now, so they act on hosts alone, and in check mode not even there
OLD_WAYS = {
    "program": 'os.execute("touch made")',
    "pipe": 'io.popen("touch made"):read("a")',
    "file": 'io.open("made", "w"):close()',
    "load": 'assert(load("os.execute([[touch made]])", "x", "t"))()',
    "require": 'require("os").execute("touch made")',
}


@pytest.mark.parametrize("body", OLD_WAYS.values(), ids=OLD_WAYS.keys())
def test_the_old_ways_to_the_machine_do_nothing_while_a_file_is_loaded_and_nothing_in_check_mode(folder, body):
    folder.write("site.sloth", body + '\ntask("a"):command("true"):build()')
    assert folder.sloth("workflow", "validate", "site.sloth").code == 0
    folder.write("site.sloth", f'task("a"):workdir("{folder.path}"):command(function() {body} end):build()')
    assert folder.sloth("run", "site.sloth", "-C").code == 0
    assert not (folder.path / "made").exists()
    assert folder.sloth("run", "site.sloth").code == 0
    assert (folder.path / "made").exists()
