"""Values that one task sets and another reads are told when a file is loaded."""

from __future__ import annotations

import pytest

from tests.unit.runtime.lua.script import Script

SHARED = {
    "an upvalue": ("local x = 0", "x = 1", "return x", "x"),
    "a field of a table": ("local state = {}", "state.n = 1", "return state.n", "state"),
    "an item of a list": ("local list = {}", "list[#list + 1] = 5", "return #list", "list"),
    "an item, chosen by what stands beside it": ("local list = {}", "list[#list + 1] = this and params or 5", "return #list", "list"),
    "an item of a global list": ("list = {}", "list[#list + 1] = exec.run('x').stdout", "return #list", "list"),
    "inserted into a list": ("local list = {}", "table.insert(list, 5)", "return #list", "list"),
    "inserted at a place, and what": ("local list = {}", "table.insert(list, 1, { n = #params })", "return #list", "list"),
    "inserted into a global list": ("list = {}", "for i = 1, 3 do table.insert(list, i) end", "return #list", "list"),
    "inserted as the last thing": ("local list = {}", "return table.insert(list, 5)", "return #list", "list"),
    "removed from a list": ("local list = { 1 }", "local last = table.remove(list)", "return #list", "list"),
    "a global": ("", "counter = 1", "return counter", "counter"),
    "set in a function inside": ("local x", "local f = function() return function() x = 1 end end f()()", "return x", "x"),
    "set by a function it calls": ("local x = 0 local function bump() x = x + 1 end", "bump()", "return x", "x"),
    "read by a function it calls": ("local x = 0 local function get() return x end", "x = 2", "return get()", "x"),
}  # fmt: skip
APART = {
    "only read": ("local x = 1", "return x", "return x"),
    "set and read by itself": ("local x = 0", "x = 1 return x", "return 1"),
    "a local of its own": ("local x = 1", "local x = 2 x = 3", "return x"),
    "set at the top": ("local x = 1 x = 2", "return x", "return x"),
    "a list that is only looked at": ("local list = {}", "return table.concat(list, ',') .. #list", "return #list"),
    "a list of its own": ("local list = {}", "local own = {} table.insert(own, #list) own[#own + 1] = list", "return #list"),
    "modules": ("", "exec.run('x') log.info('y')", "exec.run('x')"),
    "constants of every kind": (
        "local x = 1", "return 1.5, 7, nil, true, false, 'short', ('long'):rep(50), '" + "l" * 300 + "', x", "return x"
    ),
}  # fmt: skip


def warnings(top: str, first: str, second: str, **options) -> list[str]:
    text = (
        f"{top} task('a'):command(function(this, params) {first} end):build()\n"
        f"task('b'):run_if(function() return true end):on_success(function() {second} end):command('x'):build()"
    )
    found: list[str] = Script({"site.sloth": text}, **options).program["warnings"]
    return found


@pytest.mark.parametrize(("top", "first", "second", "name"), [pytest.param(*case, id=id_) for id_, case in SHARED.items()])
def test_what_one_task_sets_and_another_reads_is_a_warning(top, first, second, name):
    (warning,) = warnings(top, first, second)
    assert warning.startswith(f"site.sloth:2: task 'b' reads {name}, which task 'a' sets")


@pytest.mark.parametrize(("top", "first", "second"), [pytest.param(*case, id=id_) for id_, case in APART.items()])
def test_what_tasks_do_not_share_is_none(top, first, second):
    assert warnings(top, first, second) == []


def test_hosts_do_not_look_for_it():
    assert warnings("local x", "x = 1", "return x", side="host") == []
