"""io and os.execute as old files use them: files and commands of the host."""

from __future__ import annotations

import pytest

from tests.playing import Played

BODIES = {
    "write and read": (
        ("local f = assert(io.open(dir .. '/a', 'w')) f:write('one\\n', 2, '\\n'):write('three') f:close()\n"
        "local g = io.open(dir .. '/a') local all = g:read('*a') g:close() return true, all"),
        "one\n2\nthree",
    ),
    "lines": (
        ("local f = io.open(dir .. '/a', 'w') f:write('x\\ny\\n') f:close() local out = {}\n"
        "for line in io.lines(dir .. '/a') do out[#out + 1] = line end\n"
        "for line in io.open(dir .. '/a'):lines() do out[#out + 1] = line end return true, table.concat(out, ',')"),
        "x,y,x,y",
    ),
    "append": (
        ("for i = 1, 2 do local f = io.open(dir .. '/a', 'a') f:write(i) f:close() end "
        "return true, io.open(dir .. '/a', 'rb'):read('a')"),
        "12",
    ),
    "formats": (
        ("local f = io.open(dir .. '/a', 'w') f:write('12 ab\\nrest\\nend') f:close() f = io.open(dir .. '/a')\n"
        "local n, two, line, kept = f:read('n', 2, 'l', 'L') "
        "return true, n .. '|' .. two .. '|' .. line .. '|' .. kept .. '|' .. f:read(1) .. f:seek('end')"),
        "12| a|b|rest\n|e14",
    ),
    "the end of a file": (
        "local f = io.open(dir .. '/a', 'w') f:close() f = io.open(dir .. '/a') return true, tostring(f:read('l'))", "nil"
    ),
    "no such file": ("local f, why, code = io.open(dir .. '/none') return true, tostring(f) .. code .. type(why)", "nil2string"),
    "popen": (
        ("local p = io.popen('echo hi; exit 3') local out = p:read('*a') local ok, how, code = p:close()\n"
        "return true, out .. tostring(ok) .. how .. code"),
        "hi\nnilexit3",
    ),
    "popen to write": (
        "local p = io.popen('cat > ' .. dir .. '/a', 'w') p:write('in') p:close() return true, io.open(dir .. '/a'):read('a')",
        "in",
    ),
    "execute": ("return true, os.execute('true') .. ' ' .. os.execute('exit 4')", "0 4"),
    "a type": ("local f = io.popen('true') local t = io.type(f) f:close() return true, t .. io.type(f)", "fileclosed file"),
}


@pytest.mark.parametrize(("body", "message"), [pytest.param(*case, id=name) for name, case in BODIES.items()])
def test_what_old_files_do_with_files_and_commands(tmp_path, body, message):
    text = f"task('t'):command(function() local dir = '{tmp_path}' {body} end):build()"
    assert Played(tmp_path, text).run().finished("t")["message"] == message


def test_what_is_not_closed_is_written_when_the_task_returns(tmp_path):
    text = f"task('t'):command(function() io.open('{tmp_path}/a', 'w'):write('kept') end):build()"
    assert Played(tmp_path, text).run().statuses == {"t": "changed"}
    assert (tmp_path / "a").read_text() == "kept"


def test_check_mode_writes_nothing(tmp_path):
    text = f"task('t'):command(function() local f = io.open('{tmp_path}/a', 'w') f:write('x') f:close() end):build()"
    assert Played(tmp_path, text, check=True).run().statuses == {"t": "would_change"}
    assert not (tmp_path / "a").exists()


def test_what_is_written_to_standard_output_is_logged(tmp_path):
    text = "task('t'):command(function() io.write('a ', 1, '\\n') io.stderr:write('careful\\n') end):build()"
    assert Played(tmp_path, text).run().lines() == ["a 1", "careful"]


def test_names_that_lua_has_dropped_are_there(tmp_path):
    body = "return true, math.pow(2, 3) .. unpack({ 'a' }) .. table.getn({ 1, 2 }) .. loadstring('return 5')()"
    assert Played(tmp_path, f"task('t'):command(function() {body} end):build()").run().finished("t")["message"] == "8.0a25"
