"""Programs: bounded output, whole groups ended, nobody waits for a daemon."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.process import GRACE, KEEP, environment, run
from sloth.runtime.token import Token


def shell(script: str, token: Token | None = None, **options):
    return run(["/bin/sh", "-c", script], token or Token(), **options)


def test_output_and_exit_code_are_kept_apart():
    done = shell("echo out; echo err >&2; exit 255")
    assert (done.code, done.out, done.err) == (255, "out\n", "err\n")


def test_a_signal_shows_as_a_negative_code():
    assert shell("kill -9 $$").code == -9


def test_stdin_ends_at_once_unless_something_is_fed():
    assert shell("cat").out == ""
    assert shell("cat", stdin=b"fed").out == "fed"


def test_a_program_that_does_not_read_its_input_does_no_harm():
    assert shell("exec true", stdin=b"x" * 1_000_000).ok


def test_of_endless_output_head_and_tail_are_kept():
    done = shell("head -c 5000000 /dev/zero | tr '\\0' a; printf END")
    assert len(done.out) < 2 * KEEP + 100
    assert done.out.endswith("END")
    assert "bytes left out" in done.out


def test_bytes_that_are_no_utf8_come_through():
    assert shell("printf '\\377\\001'").out.encode("utf-8", "surrogateescape") == b"\xff\x01"


@pytest.mark.parametrize(("script", "out", "err"), [
    pytest.param("head -c 100000 /dev/zero", b"\0" * 100_000, b"", id="NULs"),
    pytest.param("printf 'no end of line'", b"no end of line", b"", id="no newline"),
    pytest.param("echo 1; echo a >&2; echo 2; echo b >&2", b"1\n2\n", b"a\nb\n", id="interleaved"),
    pytest.param("printf '\\r\\n\\360\\237\\246\\245'", b"\r\n\xf0\x9f\xa6\xa5", b"", id="CRLF and four bytes a character"),
    pytest.param("head -c 300000 /dev/zero >&2; echo done", b"done\n", b"\0" * 300_000, id="more on stderr than a pipe holds"),
])  # fmt: skip
def test_6_output_comes_as_it_was_written(script, out, err):
    done = shell(script)
    assert (done.out.encode("utf-8", "surrogateescape"), done.err.encode("utf-8", "surrogateescape")) == (out, err)


def test_6_a_line_of_ten_megabytes_is_bounded_like_any_output():
    heard: list[bytes] = []
    done = shell("head -c 10000000 /dev/zero | tr '\\0' x", on_output=lambda stream, text: heard.append(text))
    assert done.ok and len(done.out) < 2 * KEEP + 100
    assert sum(map(len, heard)) == 10_000_000


def test_a_daemon_that_keeps_the_pipes_open_is_not_waited_for():
    began = time.monotonic()
    assert shell("sleep 30 & echo started").out == "started\n"
    assert time.monotonic() - began < 5


def test_a_missing_program_and_a_missing_directory_are_told_apart():
    with pytest.raises(ActionFailed, match="cannot run /no/such: No such file"):
        run(["/no/such"], Token())
    with pytest.raises(ActionFailed, match="the working directory /no/dir does not exist"):
        shell("true", cwd="/no/dir")


def test_when_the_token_goes_the_whole_group_goes():
    token, begun = Token(), threading.Event()
    pids: list[str] = []

    def hear(_stream: str, data: bytes) -> None:
        pids.extend(data.decode().split())
        begun.set()

    def stop() -> None:
        begun.wait(10)
        token.stop("time is up")

    stopping = threading.Thread(target=stop)
    stopping.start()
    with pytest.raises(Stopped, match="time is up"):
        shell("trap '' TERM; sleep 60 & echo $! $$; wait", token, on_output=hear)
    stopping.join()
    assert len(pids) == 2
    for pid in pids:
        assert not is_running(int(pid))


def test_who_stops_a_program_and_should_wait_for_it_as_well_loses_no_time():
    token, began = Token(), time.monotonic()
    with pytest.raises(Stopped, match="enough"):
        shell("yes & yes", token, on_output=lambda *_: token.stop("enough"))
    assert time.monotonic() - began < GRACE


UNREAPED = """
import os, time
if not os.fork():
    if not os.fork():
        time.sleep(60)  # of the leader's group; its parent takes no note of its end
    os.setsid()
    os.closerange(0, 3)
    time.sleep(3)
    os._exit(0)
print("ready", flush=True)
time.sleep(60)
"""


def test_the_dead_of_a_group_whose_end_nobody_takes_note_of_are_not_waited_for():
    token, begun = Token(), threading.Event()
    took: list[float] = []

    def stop() -> None:
        begun.wait(10)
        since = time.monotonic()
        token.stop("time is up")
        took.append(time.monotonic() - since)

    stopping = threading.Thread(target=stop)
    stopping.start()
    with pytest.raises(Stopped):
        run([sys.executable, "-c", UNREAPED], token, on_output=lambda *_: begun.set())
    stopping.join()
    assert took[0] < GRACE


def test_nothing_starts_once_the_token_is_gone():
    token = Token()
    token.stop("too late")
    with pytest.raises(Stopped, match="too late"):
        shell("true", token)


def test_the_sbin_folders_are_always_on_the_path():
    assert "/usr/sbin" in environment({})["PATH"].split(":")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
    finally:
        os.sched_yield()
