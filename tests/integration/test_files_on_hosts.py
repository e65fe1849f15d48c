"""Edits, files and links on real hosts: one run makes the calls of all cases, and each case looks at its own.

A case is a piece of Lua in a directory of its own, `T`; it returns what is to be so, or fails with words that are expected.
Numbers are those of the list of behaviours. What wants more than a file system and root is in other files.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.applying import Run, lua, on_each_release, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

FOLDER = "/srv/sloth files ü'\"$x"
BEGIN = """
local function put(text) fs.write(T .. "x", text) return T .. "x" end
local function edited(before, call) call.path = put(before) file_ops.lineinfile(call) return fs.read(call.path) end
local function mode(name) return file_ops.stat(T .. name).mode end
"""


@dataclass(frozen=True, slots=True)
class Case:
    """What is done, and what comes of it; fails: it is a failure that says so."""

    code: str
    value: object = None
    fails: str = ""


CASES = {
    "1 no last newline": Case('return edited("a", { line = "b" })', "a\nb\n"),
    "2 empty file": Case('return edited("", { line = "x", insertafter = "^no" })', "x\n"),
    "2 BOF": Case('return edited("a\\n", { line = "x", insertbefore = "BOF" })', "x\na\n"),
    "3 the last match": Case(
        'return edited("k=1\\nz\\nk=2\\n", { line = "k=9", regexp = "^k=", insertafter = "^z" })', "k=1\nz\nk=9\n"
    ),
    "3 the first match": Case(
        'return edited("k=1\\nz\\nk=2\\n", { line = "k=9", regexp = "^k=", firstmatch = true })', "k=9\nz\nk=2\n"
    ),
    "3 behind the anchor": Case(
        'return edited("a\\nb\\n", { line = "k", regexp = "^k", insertafter = "^a" })', "a\nk\nb\n"
    ),
    "4 elsewhere already": Case('return edited("x\\na\\n", { line = "x", insertafter = "^a" })', "x\na\n"),
    "5 no match": Case('return edited("a\\n", { line = "\\\\1", regexp = "(b)", backrefs = true })', "a\n"),
    "5 groups": Case(
        'return edited("x-y\\n", { line = "\\\\g<b>-\\\\1\\\\3", regexp = "(?P<a>x)-(?P<b>y)(z)?", backrefs = true })', "y-x\n"
    ),
    "6 CRLF": Case('return edited("a\\r\\n", { line = "b $x `y` \\\\1 {{ z }}" })', "a\r\nb $x `y` \\1 {{ z }}\r\n"),
    "7 all matches": Case('return edited("k1\\nz\\nk2\\n", { regexp = "^k", state = "absent" })', "z\n"),
    "7 a missing file": Case('return file_ops.lineinfile { path = T .. "y", line = "x", state = "absent" }.changed', value=False),
    "8 a missing file": Case('file_ops.lineinfile { path = T .. "y", line = "x" }', fails="create = true makes it"),
    "8 made with parents": Case(
        'file_ops.lineinfile { path = T .. "a/b/c", line = "x", create = true } return fs.read(T .. "a/b/c")', "x\n"
    ),
    "9 refused": Case(
        """put("a\\n") local ok, why = pcall(file_ops.lineinfile, { path = T .. "x", line = "b",
             validate = "sh -c 'echo no thanks >&2; exit 1' %s" })
           return { tostring(why):find("no thanks", 1, true) ~= nil, fs.read(T .. "x"), fs.ls(T) }""",
        [True, "a\n", ["x"]],
    ),
    "9 without %s": Case('file_ops.lineinfile { path = put("a\\n"), line = "b", validate = "true" }', fails="validate needs a %s"),
    "11 two ways to search": Case(
        'file_ops.lineinfile { path = put("a\\n"), line = "b", regexp = "x", search_string = "y" }', fails="exclude each other"
    ),
    "12 two markers": Case(
        """local p = put("a")
           file_ops.blockinfile { path = p, block = "1\\n2", marker = "# {mark} A" }
           file_ops.blockinfile { path = p, block = "3", marker = "# {mark} B" }
           local both = fs.read(p)
           file_ops.blockinfile { path = p, block = "", marker = "# {mark} A" }
           return { both, fs.read(p) }""",
        ["a\n# BEGIN A\n1\n2\n# END A\n# BEGIN B\n3\n# END B\n", "a\n# BEGIN B\n3\n# END B\n"],
    ),
    "13 touch": Case(
        """local p = T .. "x"
           local kept = { path = p, access_time = "preserve", modification_time = "preserve" }
           return { file_ops.touch(p).changed, file_ops.touch(p).changed, file_ops.touch(kept).changed }""",
        [True, True, False],
    ),
    "14 parents": Case(
        'file_ops.directory { path = T .. "a/b", mode = "0711" } return { mode("a"), mode("a/b") }', ["0711", "0711"]
    ),
    "14 over a file": Case('file_ops.directory(put(""))', fails="is a file"),
    "15 a link": Case(
        """fs.mkdir(T .. "d") fs.write(T .. "d/x", "") file_ops.link { src = "d", dest = T .. "l" }
           file_ops.absent(T .. "l") local left = fs.ls(T .. "d") file_ops.absent(T .. "d") return { left, fs.ls(T) }""",
        [["x"], []],
    ),
    "16 to nothing": Case('file_ops.link { src = "/nowhere", dest = T .. "l" }', fails="force"),
    "16 over a file": Case('file_ops.link { src = "/etc", dest = put("") }', fails="force"),
    "16 over a full directory": Case(
        'fs.mkdir(T .. "d/e") file_ops.link { src = "/etc", dest = T .. "d", force = true }', fails="not empty"
    ),
    "17 of what": Case('file_ops.link { dest = T .. "l", hard = true }', fails="src is required for creating new hardlinks"),
    "17 of nothing": Case('file_ops.link { src = "/nowhere", dest = T .. "l", hard = true }', fails="src does not exist"),
    "18 setuid and sticky": Case(
        """file_ops.permissions { path = put(""), mode = "u=rwxs,g=rx,o=x" }
           file_ops.directory { path = T .. "d", mode = "a=rwx,+t" } return { mode("x"), mode("d") }""",
        ["4751", "1777"],
    ),
    "18 a number": Case('file_ops.permissions { path = put(""), mode = 644 }', fails='quote it, as a number loses its base: "0644"'),
    "19 an unknown owner": Case(
        """local ok, why = pcall(file_ops.copy, { dest = T .. "x", content = "", owner = "ghost" })
           return { tostring(why):find("no user ghost") ~= nil, fs.exists(T .. "x") }""",
        [True, False],
    ),
    "20 a table": Case('file_ops.copy { dest = T .. "x", content = { a = 1 } } return json.decode(fs.read(T .. "x"))', {"a": 1}),
    "20 not forced": Case('return file_ops.copy { dest = put("a"), content = "b", force = false }.changed', value=False),
    "21 no parent": Case('file_ops.copy { dest = T .. "no/x", content = "" }', fails="make it first with file_ops.directory"),
    "22 a hard link": Case(
        """file_ops.link { src = put("old"), dest = T .. "y", hard = true }
           file_ops.copy { dest = T .. "x", content = "new" } return { fs.read(T .. "x"), fs.read(T .. "y") }""",
        ["new", "old"],
    ),
    "24 a link is replaced": Case(
        """put("old") file_ops.link { src = "x", dest = T .. "l" } file_ops.copy { dest = T .. "l", content = "new" }
           return { fs.read(T .. "x"), file_ops.stat(T .. "l").is_link }""",
        ["old", False],
    ),
    "24 a link is followed": Case(
        """put("old") file_ops.link { src = "x", dest = T .. "l" } file_ops.copy { dest = T .. "l", content = "new", follow = true }
           return { fs.read(T .. "x"), file_ops.stat(T .. "l").is_link }""",
        ["new", True],
    ),
}  # fmt: skip


def task(number: int, name: str, case: Case) -> str:
    """A case as a task."""
    body = f"local T = {lua(f'{FOLDER}/{number}/')} fs.mkdir(T) {BEGIN} local function run() {case.code} end"
    return f"task({lua(name)}):command(function() {body} return true, '', {{ value = run() }} end):build()"


@pytest.fixture(scope="session")
def ended(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run of all cases."""
    with remote(lab, lab_hosts[0], tmp_path_factory.mktemp("files")) as one:
        tasks = ",\n".join(task(number, name, case) for number, (name, case) in enumerate(CASES.items()))
        try:
            return one.run(f"workflow.define('cases'):tasks({{\n{tasks}\n}})\n")
        finally:
            one.sh('rm -rf "$1"', FOLDER)


@on_each_release
@pytest.mark.parametrize("name", CASES)
def test_what_is_asked_for_is_so_on_a_host(ended, name):
    case, one = CASES[name], ended.finished[name]
    if case.fails:
        assert (one.status, case.fails in one.message) == ("failed", True), one.message
    else:
        assert not one.failure, one.message
        assert one.outputs["value"] == case.value
