"""Secrets as a person meets them: at the command line, in files of variables, in tasks; and nowhere else."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.sloth import SLOTH, Ended, Folder
from tests.e2e.terminal import typed
from tests.e2e.vault import encrypt

DB, API, VAULTED, LOGIN = "s3cret-of-the-db", "key/with 'quotes\" & more", "vaulted-password", "login-password"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A project with a key file, which costs no time, and one secret."""
    found = Folder(tmp_path)
    found.write("key", os.urandom(32).hex()).chmod(0o600)
    found.write("sloth.toml", '[secrets]\npassphrase_from = "key:key"\n')
    found.environ["SLOTH_CONFIG"] = str(tmp_path / "sloth.toml")
    set_(found, "db", DB)
    return found


def set_(folder: Folder, name: str, value: str, *words: str) -> Ended:
    return folder.sloth("secrets", "set", name, *words, stdin=value)


def texts(*ended: Ended) -> str:
    return "".join(one.stdout + one.stderr for one in ended)


def files(folder: Path) -> Iterator[bytes]:
    yield from (path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_secret_is_set_printed_listed_and_deleted(folder):
    assert folder.sloth("secrets", "get", "db").stdout == DB + "\n"
    assert set_(folder, "db", "second-value\n").stdout == "db  version 2\n"
    assert folder.sloth("secrets", "get", "db").stdout == "second-value\n"
    assert folder.sloth("secrets", "get", "db", "--version", "1").stdout == DB + "\n"
    [listed] = json.loads(folder.sloth("secrets", "list", "--format", "json").stdout)["secrets"]
    assert (listed["name"], listed["version"], listed["versions"]) == ("db", 2, [1, 2])
    assert folder.sloth("secrets", "delete", "db").code == 0
    gone = folder.sloth("secrets", "get", "db")
    assert (gone.code, gone.stdout) == (1, "")
    assert "there is no secret 'db'" in gone.stderr


def test_a_file_is_kept_to_its_last_byte(folder):
    folder.write("server.key", "one\r\ntwo\n\n")
    assert folder.sloth("secrets", "set", "tls", "--from-file", "server.key").code == 0
    done = subprocess.run(
        [sys.executable, "-m", "sloth", "secrets", "get", "tls"], cwd=folder.path, env=folder.environ,
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout == b"one\r\ntwo\n\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["set", "db", "value"], "unexpected extra argument", id="a value in argv"),
        pytest.param(["set", "9"], "is no name of a secret", id="a name"),
        pytest.param(["get", "dbb"], "there is no secret 'dbb'", id="no such secret"),
        pytest.param(["get", "db", "--version", "7"], "has no version 7", id="no such version"),
        pytest.param(["get", "db", "--environment", "../x"], "is no name of an environment", id="environment"),
        pytest.param(["get", "db", "--environment", "prod"], "there are no secrets", id="another environment"),
        pytest.param(["get", "db", "--passphrase", "nowhere"], "cannot read the passphrase", id="no file"),
        pytest.param(["rotate", "db", "--to", "x"], "goes without names", id="two kinds of rotation"),
        pytest.param(["rotate", "nothing"], "there is no secret 'nothing'", id="rotation of nothing"),
        pytest.param(["import", "nowhere.yml"], "there is no file", id="no import"),
        pytest.param(["set", "a", "--from-file", "nowhere"], "cannot read the value", id="no file of a value"),
    ],
)
def test_what_is_wrong_is_said_and_ends_with_1(folder, words, message):
    ended = folder.sloth("secrets", *words)
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: ")
    assert message in ended.stderr


def test_damage_is_said_and_ends_with_1(folder):
    path = folder.path / "home/secrets/default.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    ended = folder.sloth("secrets", "get", "db")
    assert (ended.code, ended.stdout) == (1, "")
    assert "the secrets are damaged, or somebody changed them" in ended.stderr


def test_a_wrong_passphrase_is_said_before_anything_runs(folder):
    folder.write("other", os.urandom(32).hex()).chmod(0o600)
    ended = folder.run('task("t"):command(function() print(secrets.db) end):build()', "--passphrase", "key:other")
    assert ended.code == 1
    assert "wrong passphrase for the secrets of 'default'" in ended.stderr
    assert "task_started" not in ended.stdout


@pytest.mark.parametrize("options", [["-e", "@vars.yml"], ["--values", "vars.yml"]], ids=" ".join)
def test_an_encrypted_variable_that_does_not_open_is_said_before_anything_runs(folder, options):
    folder.write("other", os.urandom(32).hex()).chmod(0o600)
    made = folder.sloth("secrets", "encrypt-string", "token", "--passphrase", "key:other", "--environment", "x", stdin="value")
    folder.write("vars.yml", made.stdout)
    ended = folder.run('task("t"):command(function() print(vars.token) end):build()', *options)
    assert (ended.code, ended.stdout) == (1, "")
    assert "wrong passphrase for this encrypted value" in ended.stderr
    assert "vars.yml:1" in ended.stderr


def test_an_editor_gets_a_file_in_memory_that_is_gone_afterwards(folder):
    editor = folder.write(
        "editor", f"#!/bin/sh\nstat -f -c %T $1 > {folder.path}/kind; stat -c %a $1 >> {folder.path}/kind\n"
        f"stat -c %a $(dirname $1) >> {folder.path}/kind; echo $1 > {folder.path}/where; sed -i s/db/DB/ $1; cp $1 $1~\n"
    )  # fmt: skip
    editor.chmod(0o755)
    folder.environ["EDITOR"] = str(editor)
    assert folder.sloth("secrets", "edit", "db").stdout == "db  version 2\n"
    assert folder.sloth("secrets", "get", "db").stdout == DB.replace("db", "DB") + "\n"
    assert (folder.path / "kind").read_text() == "tmpfs\n600\n700\n"
    assert not Path((folder.path / "where").read_text().strip()).parent.exists()


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        pytest.param("exit 3", 1, "ended with 3: the secret stays as it was", id="fails"),
        pytest.param("kill -9 $$", 1, "ended with -9: the secret stays as it was", id="is killed"),
        pytest.param(":", 0, "nothing has changed", id="changes nothing"),
        pytest.param(': > "$1"', 1, "the value of 'db' is empty", id="empties it"),
        pytest.param("printf '\\377' > \"$1\"", 1, "byte 0 of the value is no UTF-8", id="no text"),
        pytest.param('rm "$1"', 1, "has removed the file", id="removes it"),
        pytest.param('rm -r "$(dirname "$1")"', 1, "has removed the file", id="removes all"),
        pytest.param('ln -sf /etc/passwd "$1"', 1, "has removed the file", id="puts a link there"),
        pytest.param("exec >&- 2>&-; kill -HUP $PPID; sleep 9", 129, "", id="its terminal is closed"),
        pytest.param("exec >&- 2>&-; kill -TERM $PPID; sleep 9", 143, "", id="sloth is stopped"),
    ],
)
def test_an_editor_that_ends_badly_changes_nothing_and_leaves_nothing(folder, script, code, message):
    folder.write("editor", f'#!/bin/sh\ndirname "$1" > {folder.path}/where\n{script}\n').chmod(0o755)
    folder.environ["EDITOR"] = str(folder.path / "editor")
    ended = folder.sloth("secrets", "edit", "db")
    assert (ended.code, message in texts(ended), DB in texts(ended)) == (code, True, False), texts(ended)
    assert not Path((folder.path / "where").read_text().strip()).exists()
    assert folder.sloth("secrets", "get", "db").stdout == DB + "\n"


def test_what_a_killed_edit_left_in_memory_is_removed_by_the_next_and_no_other_is(folder):
    folder.write("editor", f'#!/bin/sh\necho "$1" >> {folder.path}/where\nkill -9 $PPID\n').chmod(0o755)
    folder.environ["EDITOR"] = str(folder.path / "editor")
    assert folder.sloth("secrets", "edit", "db").code == -9
    (left,) = (folder.path / "where").read_text().split()
    assert Path(left).exists()
    at_work = Path(left).parent.with_name("sloth-edit-at-work")
    at_work.mkdir()
    held = os.open(at_work, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        folder.environ["EDITOR"] = "true"
        assert folder.sloth("secrets", "edit", "db").code == 0
        assert (Path(left).parent.exists(), at_work.exists()) == (False, True)
    finally:
        os.close(held)
        at_work.rmdir()


def test_an_import_takes_all_or_nothing(folder):
    folder.write("bad.yml", "one: text\ntwo: 5\n")
    ended = folder.sloth("secrets", "import", "bad.yml")
    assert (ended.code, "two is a number, and secrets are texts" in ended.stderr) == (1, True)
    assert "bad.yml:2" in ended.stderr
    folder.write("good.yml", "one: text-of-one\ntwo: text-of-two\n")
    assert folder.sloth("secrets", "import", "good.yml").stdout == "one  version 1\ntwo  version 1\n"
    assert folder.sloth("secrets", "get", "two").stdout == "text-of-two\n"


HIDDEN = "hidden-value-9"


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        pytest.param("a.env", f"A=one-two-3\n\nB {HIDDEN}\n", "a.env:3", id="dotenv without ="),
        pytest.param("a.env", f'A="{HIDDEN}\n', "a.env:1", id="dotenv, an open quote"),
        pytest.param(".env", f"A={HIDDEN}\nA={HIDDEN}\n", ".env:2", id="dotenv, a name twice"),
        pytest.param(".env.prod", f"A={HIDDEN}\nB=\n", ".env.prod:2", id="dotenv, empty"),
        pytest.param("a.json", f'{{"a": "{HIDDEN}",\n"b": {HIDDEN}}}', "a.json:2:6", id="JSON without quotes"),
        pytest.param("a.json", f'{{"a": "{HIDDEN}",\n"b": null}}', "a.json:2", id="JSON, nothing"),
        pytest.param("a.yml", f"a: {HIDDEN}\nb: !{HIDDEN} x\n", "a.yml:2:4", id="YAML, a value like a tag"),
        pytest.param("a.yml", f"a: {HIDDEN}\nb: 2024-02-30\n", "a.yml:2:4", id="YAML, a value like a date"),
        pytest.param("a.yml", f"a: '{HIDDEN}\n", "a.yml:2:1", id="YAML, an open quote"),
        pytest.param("a.yml", f"a: {HIDDEN}\na b: {HIDDEN}\n", "a.yml:2", id="YAML, no name"),
        pytest.param("a.yml", f"a: {HIDDEN}\nb: [{HIDDEN}]\n", "a.yml:2", id="YAML, a list"),
        pytest.param("a.toml", f"a = '{HIDDEN}'\nb = {HIDDEN}\n", "a.toml:2", id="TOML without quotes"),
    ],
)
def test_an_import_that_fails_names_the_line_and_shows_no_value(folder, name, text, where):
    folder.write(name, text)
    ended = folder.sloth("secrets", "import", name)
    assert (ended.code, ended.stdout, f"at {where}" in ended.stderr) == (1, "", True), ended.stderr
    assert (HIDDEN in ended.stderr, "2024" in ended.stderr) == (False, False)
    assert folder.sloth("secrets", "list").stdout.count("\n") == 2  # the head, and what was there before


def test_a_dotenv_file_is_imported_as_it_stands(folder):
    folder.write(".env", "# first\nexport ONE='$HOME ${X}' # why\nTWO=plain-text-2\nTHREE=\"a\\nb\"\n")
    assert folder.sloth("secrets", "import", ".env").code == 0
    values = [folder.sloth("secrets", "get", name).stdout for name in ("ONE", "TWO", "THREE")]
    assert values == ["$HOME ${X}\n", "plain-text-2\n", "a\nb\n"]


def test_rotation_gives_a_new_key_or_new_values(folder):
    folder.write("new", os.urandom(32).hex()).chmod(0o600)
    assert folder.sloth("secrets", "rotate", "--to", "key:new").code == 0
    assert folder.sloth("secrets", "get", "db").code == 1
    assert folder.sloth("secrets", "get", "db", "--passphrase", "key:new").stdout == DB + "\n"
    assert folder.sloth("secrets", "rotate", "db", "--passphrase", "key:new").stdout == "db  version 2\n"
    assert folder.sloth("secrets", "get", "db", "--passphrase", "key:new").stdout != DB + "\n"


def test_the_trail_names_who_and_what_and_a_changed_one_is_an_error(folder):
    folder.run('task("t"):command(function() return true, "" .. #secrets.db end):build()')
    entries = json.loads(folder.sloth("secrets", "audit", "--format", "json").stdout)["entries"]
    assert [(one["what"], one["name"], one["by"]) for one in entries] == [
        ("set", "db", "sloth secrets set"), ("use", "db", "site.sloth"),
    ]  # fmt: skip
    path = folder.path / "home/secrets/default.audit"
    path.write_text(path.read_text().replace("site.sloth", "nothing.at.all"))
    ended = folder.sloth("secrets", "audit")
    assert (ended.code, "the audit trail is not as it was written" in ended.stderr) == (1, True)


def test_a_passphrase_is_typed_twice_for_the_first_secret_and_once_afterwards(tmp_path):
    folder = Folder(tmp_path)
    twice = [("value of db", DB), ("same again", DB), ("passphrase of secrets", "long one"), ("same again", "long one")]
    code, shown = typed([*SLOTH, "secrets", "set", "db"], twice, tmp_path, folder.environ)
    assert (code, DB in shown, "long one" in shown) == (0, False, False)
    once = [("passphrase of secrets", "long one")]
    code, shown = typed([*SLOTH, "secrets", "get", "db"], once, tmp_path, folder.environ)
    assert (code, shown.splitlines()[-1]) == (0, DB)


WORKFLOW = """
task("see"):command(function()
  log.info("log " .. secrets.db)
  print(vars.api, vars.vaulted, { vars.api })
  exec.run({ cmd = "cat; cat >&2 <<'X'\\n" .. secrets.db .. "\\nX\\n", stdin = secrets.db })
  exec.run("printf %s " .. secrets.db .. " | base64 -w0; for c in s 3 c r e t - o f - t h e - d b; do printf $c; sleep 0.01; done")
  file_ops.copy { dest = vars.here .. "/out", content = template.render("t.j2", { more = secrets.db }) }
  file_ops.lineinfile { path = vars.here .. "/out", line = secrets.db, create = true }
  export { of_run = secrets.db }
  return true, "said " .. secrets.db, { out = secrets.db, deep = { [secrets.db] = { vars.vaulted } } }
end):build()
task("in an error"):depends_on("see"):ignore_errors(true):command(function(this, params, deps)
  error("raised " .. deps.see.out)
end):build()
task("in a table"):ignore_errors(true):command(function() error({ reason = secrets.db }) end):build()
task("in argv"):ignore_errors(true):command(function() exec.run("false " .. secrets.db .. " " .. string.format("%q", vars.api)) end):build()
task("in a path"):ignore_errors(true):command(function() fs.read("/nowhere/" .. secrets.db) end):build()
task("in a retry"):retries(1, "fixed"):retry_delay("10ms"):ignore_errors(true):command(function()
  return false, secrets.db
end):build()
task("in a skip"):run_if(function() log.warning(secrets.db) return false end):command("true"):build()
workflow.define("w"):tasks({ "see", "in an error", "in a table", "in argv", "in a path", "in a retry", "in a skip" })
  :on_complete(function() log.info("hook " .. secrets.db) end)
"""


def plant(folder: Folder) -> None:
    """Secrets in every way that there is."""
    set_(folder, "login", LOGIN)
    folder.write("templates/t.j2", "{{ secrets.db }} {{ vars.api }} {{ more }}\n")
    folder.write("group_vars/all.yml", folder.sloth("secrets", "encrypt-string", "api", stdin=API).stdout)
    encrypt(folder.write("vault.yml", f"vaulted: {VAULTED}\n"), folder.path / "key")
    folder.write("hosts.yml", "all: {hosts: {localhost: {sloth_password: !secret login, here: " + str(folder.path) + "}}}")
    folder.write("site.sloth", WORKFLOW)


# `last` is the run's id
SHOWN = ("runs list", "runs show last -vvv", "runs logs last", "events list last --format json", "state export", "secrets audit")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--format", "json"], id="JSON"),
        pytest.param(["-vvvv", "--diff"], id="text"),
        pytest.param(["--check", "--diff", "-vv"], id="check"),
        pytest.param(["--format", "json", "-vvv", "--diff"], id="both"),
        pytest.param(["--format", "junit", "-vvv", "--diff"], id="JUnit"),
    ],
)
def test_26_a_run_shows_and_keeps_no_secret(folder, words):
    plant(folder)
    ended = folder.sloth("apply", "-i", "hosts.yml", "site.sloth", "-e", "@vault.yml", *words)
    assert ended.code == 0, texts(ended)
    (last,) = (path.name for path in (folder.path / "home" / "runs").iterdir())
    others = [
        folder.sloth("inventory", "show", "-i", "hosts.yml", "localhost"),
        folder.sloth("inventory", "explain", "-i", "hosts.yml", "localhost", "api"),
        folder.sloth("inventory", "list", "-i", "hosts.yml", "--format", "json"),
        folder.sloth("plan", "-i", "hosts.yml", "site.sloth", "--format", "json", "-o", "kept.plan"),
        *(folder.sloth(*shown.replace("last", last).split()) for shown in SHOWN),
    ]
    assert [one.code for one in others] == [0] * len(others), texts(*others)
    seen = [texts(ended, *others).encode(), *files(folder.path / "home"), (folder.path / "kept.plan").read_bytes()]
    for secret in (DB, API, VAULTED, LOGIN):
        shown = json.dumps(secret)[1:-1].encode()
        assert not [text for text in seen if secret.encode() in text or shown in text], secret
    if "--check" not in words:
        assert (folder.path / "out").read_text() == f"{DB} {API} {DB}\n{DB}\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("secrets.db", [], id="of the store"),
        pytest.param("vars.vaulted", ["-e", "@vault.yml"], id="of -e"),
        pytest.param("vars.api", [], id="of the inventory"),
    ],
)
def test_a_run_whose_tasks_name_secrets_is_not_detached(folder, body, words):
    plant(folder)
    folder.write("alone.sloth", f'task("t"):command(function() print({body}) end):build()\n')
    ended = folder.sloth("apply", "-i", "hosts.yml", "alone.sloth", "--detach", *words)
    assert ended.code == 1
    assert "tasks name secrets" in ended.stderr


def test_a_resumed_run_opens_the_secrets_of_its_environment(folder):
    set_(folder, "db", "of-production", "--environment", "prod")
    folder.write("site.sloth", f"""
task("a"):command(function() print("a " .. #secrets.db) end):build()
task("b"):depends_on("a"):command(function()
  if not fs.exists("{folder.path}/go") then error("not yet " .. secrets.db) end
  return true, "b " .. #secrets.db
end):build()
""")
    first = folder.sloth("run", "site.sloth", "--environment", "prod", "--format", "json")
    assert first.code == 2
    folder.write("go", "")
    run = first.events[0]["run"]
    again = folder.sloth("resume", run, "--format", "json")
    assert again.code == 0, texts(again)
    assert again.tasks["b"]["message"] == f"b {len('of-production')}"
    assert "of-production" not in texts(first, again)


@pytest.mark.parametrize("words", [["get", "db"], ["list"], ["audit"]], ids=" ".join)
def test_a_result_that_cannot_be_written_is_an_error(folder, words):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*SLOTH, "secrets", *words], cwd=folder.path, env=folder.environ, stdout=full, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, "cannot be written: no space left on device" in done.stderr) == (1, True)


def test_an_editor_that_is_no_command_line_is_said(folder):
    folder.environ["EDITOR"] = "vi '"
    ended = folder.sloth("secrets", "edit", "db")
    assert (ended.code, ended.stderr.splitlines()[0]) == (1, "error: $EDITOR is \"vi '\": no closing quotation")
