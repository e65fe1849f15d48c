"""known_hosts as users have it, line by line."""

from __future__ import annotations

from pathlib import Path

import paramiko
import pytest

from sloth.transport.known_hosts import Known, KnownHosts

KEY = paramiko.ECDSAKey.generate()
OTHER = paramiko.ECDSAKey.generate()
RSA = paramiko.RSAKey.generate(1024)


def line(names: str, key: paramiko.PKey = KEY, marker: str = "") -> str:
    return f"{marker} {names} {key.get_name()} {key.get_base64()}".strip() + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "known_hosts"


def judge(file: Path, host: str, port: int = 22) -> Known:
    return KnownHosts().judge([file], host, port, KEY).known


@pytest.mark.parametrize(
    ("text", "host", "port", "known"),
    [
        pytest.param(line("web"), "web", 22, Known.YES, id="name"),
        pytest.param(line("WEB"), "Web", 22, Known.YES, id="case does not matter"),
        pytest.param(line("a,web,b"), "web", 22, Known.YES, id="one of several"),
        pytest.param(line("web"), "webby", 22, Known.NO, id="not a part of a name"),
        pytest.param(line("[web]:2222"), "web", 2222, Known.YES, id="port"),
        pytest.param(line("[web]:2222"), "web", 22, Known.NO, id="not the other port"),
        pytest.param(line("web"), "web", 2222, Known.YES, id="the bare host's key"),
        pytest.param(line("web", OTHER), "web", 2222, Known.NO, id="another key of the bare host says nothing"),
        pytest.param(line("::1"), "::1", 22, Known.YES, id="IPv6"),
        pytest.param(line("[::1]:2222"), "::1", 2222, Known.YES, id="IPv6 and port"),
        pytest.param(line("*.example.com"), "a.example.com", 22, Known.YES, id="star"),
        pytest.param(line("10.0.0.?"), "10.0.0.7", 22, Known.YES, id="question mark"),
        pytest.param(line("10.0.0.?"), "10a0.0.7", 22, Known.NO, id="a dot is a dot"),
        pytest.param(line("*,!web"), "web", 22, Known.NO, id="negated"),
        pytest.param(line("!web,*"), "db", 22, Known.YES, id="negated for others"),
        pytest.param(line("web", OTHER), "web", 22, Known.CHANGED, id="changed"),
        pytest.param(line("web", OTHER) + line("web"), "web", 22, Known.YES, id="old and new"),
        pytest.param(line("web", RSA), "web", 22, Known.CHANGED, id="known by another type only"),
        pytest.param(line("web") + line("*", KEY, "@revoked"), "web", 22, Known.REVOKED, id="revoked wins"),
        pytest.param(line("web") + line("*", OTHER, "@revoked"), "web", 22, Known.YES, id="another one revoked"),
        pytest.param(line("*", OTHER, "@cert-authority"), "web", 22, Known.AUTHORITY, id="authority"),
        pytest.param(line("*", OTHER, "@cert-authority") + line("web"), "web", 22, Known.YES, id="authority beside"),
        pytest.param(line("*.net", OTHER, "@cert-authority"), "web", 22, Known.NO, id="authority for others"),
        pytest.param("# " + line("web"), "web", 22, Known.NO, id="comment"),
        pytest.param("garbage\n|1|x web\n" + line("web"), "web", 22, Known.YES, id="odd lines"),
    ],
)
def test_a_line_decides(text, host, port, known, file):
    file.write_text(text)
    assert judge(file, host, port) is known


@pytest.mark.parametrize(
    "bad",
    [
        "one two",
        "web ssh-rsa",
        "web ssh-rsa not/base64!",
        f"web ssh-ed25519 {KEY.get_base64()}",
        f"@unknown web {KEY.get_name()} {KEY.get_base64()}",
        f"|2|abc|def {KEY.get_name()} {KEY.get_base64()}",
        f"|1|abc {KEY.get_name()} {KEY.get_base64()}",
    ],
)
def test_an_odd_line_is_a_warning_with_its_place(bad, file):
    file.write_text(line("web") + bad + "\n")
    assert KnownHosts().warnings([file]) == [f"{file}:2: not a line of known_hosts, skipped"]


def test_a_missing_file_knows_nothing(file):
    assert judge(file, "web") is Known.NO


@pytest.mark.parametrize("hashed", [False, True])
def test_what_was_added_is_known(hashed, file):
    file.write_text(line("other").rstrip("\n"))
    assert KnownHosts().add(file, "web", 2222, KEY, hashed=hashed).known is Known.YES
    assert judge(file, "web", 2222) is Known.YES
    assert judge(file, "other") is Known.YES
    assert ("web" in file.read_text()) is not hashed


def test_nothing_is_added_for_a_host_that_has_another_key_by_now(file):
    known = KnownHosts()
    assert known.judge([file], "web", 22, KEY).known is Known.NO
    file.write_text(line("web", OTHER))
    assert known.add(file, "web", 22, KEY, hashed=False).known is Known.CHANGED
    assert file.read_text() == line("web", OTHER)


def test_the_types_of_known_keys_come_in_the_order_of_the_file(file):
    file.write_text(line("web", RSA) + line("web") + line("*", OTHER, "@cert-authority"))
    assert KnownHosts().kinds([file], "web", 22) == ["ssh-rsa", KEY.get_name()]
