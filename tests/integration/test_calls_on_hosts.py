"""What calls must bear on real hosts: odd contents, large files, cut runs, mistakes, secrets."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.applying import DEPLOY, Act, Remote, remote
from tests.e2e import sloth
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

FOLDER = "/srv/sloth-calls"
MEGABYTE = 1 << 20
LARGE = 50
# Looks at every process as fast as it can, and tells which secrets it saw in a command line or an environment.
WATCH = """
import os, sys, time
needles, until, seen = [word.encode() for word in sys.argv[2:]], time.monotonic() + float(sys.argv[1]), set()
while time.monotonic() < until:
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or int(pid) == os.getpid(): continue
        for name in "cmdline", "environ":
            try: text = open(f"/proc/{pid}/{name}", "rb").read()
            except OSError: continue
            seen |= {needle for needle in needles if needle in text}
print(*sorted(needle.decode() for needle in seen))
"""


@pytest.fixture
def site(lab: Lab, lab_hosts: list[Host], tmp_path: Path) -> Iterator[Remote]:
    with remote(lab, lab_hosts[0], tmp_path) as one:
        (tmp_path / "files").mkdir()
        one.sh(f"rm -rf {FOLDER}; install -d -o deploy {FOLDER}")
        yield one
        one.sh(f"rm -rf {FOLDER}")


def test_6_bytes_that_are_no_utf_8_and_ends_of_lines_stay_as_they_are(site):
    latin = "Gr\xf6\xdfe\r\nzwei\r\n".encode("latin-1")
    (site.folder / "files/latin").write_bytes(latin)
    run = site.acts([
        Act("file_ops.copy", {"src": "latin", "dest": f"{FOLDER}/latin"}),
        Act("file_ops.lineinfile", {"path": f"{FOLDER}/latin", "line": "drei"}),
        Act("fs.read", {"path": f"{FOLDER}/latin"}),
    ])  # fmt: skip
    assert run.code == 0
    wanted = latin + b"drei\r\n"
    assert (site.host.root / f"{FOLDER[1:]}/latin").read_bytes() == wanted
    assert run.finished["fs.read"].outputs["value"].encode("utf-8", "surrogateescape") == wanted


def test_a_plain_user_opens_a_closed_tree_of_its_own(site):
    act = Act("file_ops.permissions", {"path": f"{FOLDER}/closed", "mode": "u=rwX,go=", "recurse": True})
    site.sh(
        f"cd {FOLDER}; mkdir -p closed/a/b; touch closed/a/b/file; chown -R deploy closed; chmod 0 closed/a/b closed/a"
    )
    check = site.acts([act], DEPLOY, check=True)
    assert (check.statuses[act.task], check.warnings(act.task)) == (
        "would_change", [f"{FOLDER}/closed/a is closed yet, so what is in it is not checked"],
    )  # fmt: skip
    assert [site.acts([act], DEPLOY).statuses[act.task] for _ in range(2)] == ["changed", "ok"]
    assert site.sh(f"cd {FOLDER}; stat -c %a closed/a closed/a/b closed/a/b/file") == "700\n700\n600\n"
    shut = Act("file_ops.permissions", {"path": f"{FOLDER}/closed", "mode": "a-rwx", "recurse": True})
    assert site.acts([shut], DEPLOY).statuses[shut.task] == "changed"
    assert site.sh(f"cd {FOLDER}; stat -c %a closed closed/a/b/file") == "0\n0\n"


def test_a_directory_whose_owner_cannot_be_set_is_not_left_behind(site):
    ended = site.act("file_ops.directory", login=DEPLOY, path=f"{FOLDER}/made", owner="root")
    assert (ended.status, list(ended.changes)) == ("failed", [])
    assert "needs become" in ended.message
    assert site.sh(f"ls -A {FOLDER}") == ""


def test_a_package_that_fails_half_way_is_a_change_in_part(site):
    build = (
        f"cd {FOLDER}; mkdir -p b/DEBIAN; printf '#!/bin/sh\\nexit 1\\n' > b/DEBIAN/postinst; chmod 755 b/DEBIAN/postinst;"
        "printf 'Package: sloth-broken\\nVersion: 1\\nArchitecture: all\\nMaintainer: lab\\nDescription: b\\n' > b/DEBIAN/control;"
        "dpkg-deb --root-owner-group -Znone --build b broken.deb >/dev/null"
    )
    site.sh(build)
    try:
        ended = site.act("pkg.install_local", path=f"{FOLDER}/broken.deb")
        assert (ended.status, list(ended.changes)) == ("failed", [f"apt-get install {FOLDER}/broken.deb (in part)"])
    finally:
        site.sh("dpkg --force-all --purge sloth-broken >/dev/null 2>&1")


COPY = """
local copy = task("copy"):command(function() file_ops.copy { src = "large", dest = "%s/large" } end):build()
local look = task("look"):depends_on("copy"):command(function()
  return true, "", { peak = fs.read("/proc/self/status"):match("VmHWM:%%s+(%%d+)") }
end):build()
workflow.define("large"):tasks({ copy, look })
"""
MEASURED = """
import resource, sys
from sloth.engine.request import Request, Targets
from sloth.engine.root import apply
events = []
code = apply(Request(sys.argv[1], Targets(inventory=(sys.argv[2],)), lock_wait=60.0), [events.append])
peak = [event.outputs["peak"] for event in events if getattr(event, "task", "") == "look" and hasattr(event, "outputs")]
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, *peak)
"""


def peaks(site: Remote, size: int) -> tuple[int, int]:
    """The most memory, in KB, that a copy of a file of so many megabytes takes here and there."""
    with (site.folder / "files/large").open("wb") as file:
        file.truncate(size * MEGABYTE)
    path = site.folder / "site.sloth"
    path.write_text(COPY % FOLDER)
    words = [sys.executable, "-c", MEASURED, str(path), str(site.folder / "lab.yml")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    code, here, there = map(int, done.stdout.split())
    assert code == 0
    assert int(site.sh(f"stat -c %s {FOLDER}/large")) == size * MEGABYTE
    return here, there


def test_a_large_file_takes_no_more_memory_than_a_small_one(site):
    small, large = peaks(site, 1), peaks(site, LARGE)
    grown = [after - before for before, after in zip(small, large, strict=True)]
    assert max(grown) < LARGE // 2 * 1024, grown  # some is on its way while a disk is slow, never all of it


def test_a_copy_that_is_cut_off_leaves_the_old_file_and_nothing_else(site):
    site.sh(f"echo old > {FOLDER}/large")
    with (site.folder / "files/large").open("wb") as file:
        file.truncate(1000 * MEGABYTE)
    path = site.folder / "site.sloth"
    path.write_text(COPY % FOLDER)
    for number in (signal.SIGINT, signal.SIGKILL):
        run = sloth.Run(site.folder / "home", "apply", "-i", site.folder / "lab.yml", path)
        sloth.until(lambda: len(site.sh(f"ls -A {FOLDER}").split()) == 2)
        run.signal(number)
        run.end()
        sloth.until(lambda: site.sh(f"ls -A {FOLDER}; cat {FOLDER}/large") == "large\nold\n")


@pytest.mark.parametrize(("call", "words"), [
    ('file_ops.copy { dest = "/x", contnt = "y" }', "unknown argument contnt (did you mean content?)"),
    ('file_ops.copy { content = "y" }', "missing argument dest"),
    ('file_ops.copy { dest = "/x", content = "y", mode = 644 }', "mode wants a mode"),
    ('pkg.install { packages = { "a" }, lock_timeout = "soon" }', "lock_timeout wants a duration"),
    ('systemd.start { name = "a", scope = "users" }', "scope wants one of system, user"),
    ('user.create { name = "a", uid = "many" }', "uid wants an integer"),
    ('exec.run { command = "true", stream = 7 }', "stream wants true or false"),
    ('fs.wrote("/x")', "there is no action fs.wrote (did you mean write?)"),
    ('fs.write("/x", "a", "0644", "more")', "too many arguments"),
])  # fmt: skip
def test_a_mistake_in_a_call_is_named_with_its_line(site, call, words):
    run = site.run(f'workflow.define("w"):tasks({{ task("t"):command(function()\n  {call}\nend):build() }})')
    ended = run.finished["t"]
    assert ended.status == "failed"
    assert words in ended.message
    assert re.fullmatch(r".*/site\.sloth:2", str(ended.failure["where"]))


def test_28_a_password_is_in_no_command_line_and_no_environment(site):
    secrets, control = [f"$6$saltsalt${letter * 86}" for letter in "abcdefgh"], "seen-as-it-should-be"
    found: list[str] = []
    words = ("python3", "-c", WATCH, "4", *secrets, control)
    watch = threading.Thread(target=lambda: found.extend(site.host.exec(*words).stdout.split()))
    site.sh("useradd sloth-secret")
    try:
        watch.start()
        acts = [Act("user.set_password", {"name": "sloth-secret", "password": one}, one) for one in secrets]
        run = site.acts([*acts, Act("exec.run", {"command": f"sleep 0.5; : {control}"})])
        assert set(run.statuses.values()) == {"changed"}
        assert secrets[-1] in site.sh("getent shadow sloth-secret")
    finally:
        watch.join()
        site.sh("userdel sloth-secret")
    assert found == [control]


@pytest.mark.parametrize(
    ("stream", "live", "shown"), [("true", False, True), ("nil", False, False), ("nil", True, True)]
)
def test_output_is_live_where_its_call_wants_it(site, stream, live, shown):
    call = f'exec.run {{ command = "echo here", stream = {stream} }}'
    run = site.run(f'workflow.define("w"):tasks({{ task("t"):command(function() {call} end):build() }})', live=live)
    assert [event.text for event in run.events if event.type == "task_output"] == ["here\n"] * shown
