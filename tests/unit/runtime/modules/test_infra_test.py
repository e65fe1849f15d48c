"""infra_test: what holds is silent, what does not is a failure that says what is so instead."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed, BadArguments
from tests.actions import actions_of
from tests.doubles import FakeHost, SystemdHost, real_host

infra_test = actions_of("infra_test")


def call(host: Any, name: str, *args: object, **named: object) -> object:
    action = Catalog().find("infra_test", name)
    return action.function(host, **action.bind(args, named))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("PermitRootLogin no\nPort 22\n")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "folder").mkdir(mode=0o755)
    return tmp_path


ME = os.getuid()
FILES = [
    pytest.param("file_exists", ["file"], "file_exists", ["none"], "none does not exist", id="exists"),
    pytest.param("is_file", ["file"], "is_file", ["folder"], "folder is a directory", id="file"),
    pytest.param("is_directory", ["folder"], "is_directory", ["file"], "file is a file", id="directory"),
    pytest.param("file_contains", ["file", "Login no"], "file_contains", ["file", "Login yes"], "in it", id="text"),
    pytest.param("file_contains", ["file", {"pattern": r"^Port \d+$"}], "file_contains",
                 ["file", {"pattern": "^Port$"}], "in it", id="pattern"),
    pytest.param("file_mode", ["file", "0640"], "file_mode", ["file", "0600"], "mode 0640, wanted 0600", id="mode"),
    pytest.param("file_mode", ["file", "g+r"], "file_mode", ["file", "o+r"], "wanted 0644", id="words of a mode"),
    pytest.param("file_owner", ["file", ME], "file_owner", ["file", "nobody"], "wanted nobody", id="owner"),
    pytest.param("file_group", ["file", os.getgid()], "file_group", ["file", "nogroup"], "wanted nogroup", id="group"),
    pytest.param("file_size", ["file", {"size": 27}], "file_size", ["file", {"least": 28}], "has 27 bytes", id="size"),
    pytest.param("file_size", ["file", {"most": 27}], "file_size", ["file", {"most": 26}], "has 27 bytes", id="most"),
    pytest.param("command_succeeds", ["test -f file"], "command_succeeds", ["echo no; exit 3"], r": no \(exit code 3\)$",
                 id="succeeds"),
    pytest.param("command_fails", ["false"], "command_fails", ["true"], "it succeeds", id="fails"),
    pytest.param("command_stdout_contains", ["echo a b", "b"], "command_stdout_contains", ["echo a", "b"],
                 "printed 'a', without 'b'", id="stdout"),
    pytest.param("command_stderr_is_empty", ["echo a"], "command_stderr_is_empty", ["echo a >&2"], "complained: 'a'",
                 id="stderr"),
    pytest.param("command_output_equals", ["echo a", "a"], "command_output_equals", ["echo ab", "a"],
                 "printed 'ab', wanted 'a'", id="output"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "held", "bad", "lost", "said"), FILES)
def test_what_holds_is_silent_and_what_does_not_says_what_is_so(tree, good, held, bad, lost, said):
    host = real_host(workdir=str(tree))
    assert call(host, good, *held) is None
    with pytest.raises(ActionFailed, match=said):
        call(host, bad, *lost)
    with pytest.raises(ActionFailed, match="none does not exist"):
        call(host, "file_mode", "none", "0644")
    assert host.changes == []


def test_in_check_mode_what_is_missing_may_yet_come_but_not_when_checks_are_what_it_is_for(tree):
    host = real_host(check=True, workdir=str(tree))
    for name, *args in (("file_exists", "none"), ("file_contains", "none", "x"), ("file_size", "none", 1)):
        call(host, name, *args)
    assert host.unknown
    assert any("none does not exist (yet)" in text for text in host.warnings)
    with pytest.raises(ActionFailed, match="does not run"):
        call(FakeHost(check=True, verify=True), "service_is_running", "nginx")


@pytest.mark.parametrize(
    ("name", "word"), [("service_is_running", "is-active"), ("service_is_enabled", "is-enabled")]
)
def test_services_are_asked_of_systemd(name, word):
    call(SystemdHost({f"systemctl {word} --quiet -- nginx": 0}), name, "nginx")
    with pytest.raises(ActionFailed, match="nginx"):
        call(SystemdHost({"systemctl": 3}), name, "nginx")


DPKG = {"dpkg-query -W": "dpkg\tamd64\t1.21\tii \t\nnginx\tamd64\t1.22.1-9\tii \t\n"}


def test_packages_are_asked_of_the_package_manager():
    call(FakeHost(DPKG), "package_is_installed", "nginx")
    call(FakeHost(DPKG), "package_version", "nginx", "1.22*")
    with pytest.raises(ActionFailed, match="tree is not installed"):
        call(FakeHost(DPKG), "package_is_installed", "tree")
    with pytest.raises(ActionFailed, match=r"nginx: 1\.22\.1-9 is installed, wanted 2"):
        call(FakeHost(DPKG), "package_version", "nginx", "2*")


def test_processes_are_found_by_name_and_command_line():
    call(real_host(), "process_is_running", "python")
    call(real_host(), "process_count", "no such process", count=0)
    with pytest.raises(ActionFailed, match="there is no process no such process"):
        call(real_host(), "process_is_running", "no such process")
    with pytest.raises(ActionFailed, match="there are 0 processes"):
        call(real_host(), "process_count", "no such process", least=1)


def test_ports_of_this_host():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        call(real_host(), "port_is_listening", port)
        call(real_host(), "port_is_tcp", port)
        call(real_host(), "can_connect", "127.0.0.1", port)
    for name, args in (("port_is_listening", [port]), ("port_is_tcp", [port]), ("can_connect", ["127.0.0.1", port])):
        with pytest.raises(ActionFailed, match=str(port)):
            call(real_host(), name, *args)
    with pytest.raises(ActionFailed, match=r"GET http://127\.0\.0\.1"):
        call(real_host(), "http_status", f"http://127.0.0.1:{port}/")


def test_what_is_listening_is_read_off_the_kernel(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(
        "  sl  local_address rem_address   st\n"
        "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000\n"
        "   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000\n"
    )
    from sloth.runtime import sockets

    assert sockets.listening(str(tmp_path)) == {5432}


def test_a_ping_needs_its_program():
    call(FakeHost({"ping": 0}), "ping", "10.0.0.1")
    for host in (FakeHost({"ping": 1}), FakeHost(programs=[])):
        with pytest.raises(ActionFailed):
            call(host, "ping", "10.0.0.1")


@pytest.mark.parametrize("given", [{}, {"text": "a", "pattern": "b"}, {"pattern": "("}])
def test_a_content_is_a_text_or_a_pattern(tree, given):
    with pytest.raises(BadArguments):
        infra_test.file_contains(real_host(workdir=str(tree)), path="file", **given)
