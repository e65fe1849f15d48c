"""Repositories and keys: what is written for each tool, and what is refused."""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.packages.sources import Repository, key_path, path_of, text_of
from tests.actions import actions_of
from tests.doubles import FakeHost

pkg = actions_of("pkg")


ARMORED = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"


@pytest.mark.parametrize(
    ("program", "wanted", "text"),
    [
        pytest.param(
            "apt-get", Repository("app", "https://x", ["bookworm"], ["main", "extra"], ["amd64"], "/etc/apt/keyrings/app.asc"),
            "Types: deb\nURIs: https://x\nSuites: bookworm\nComponents: main extra\nArchitectures: amd64\n"
            "Signed-By: /etc/apt/keyrings/app.asc\n", id="apt",
        ),
        pytest.param("apt-get", Repository("app", "file:/srv", ["./"], is_trusted=True, is_enabled=False),
                     "Types: deb\nURIs: file:/srv\nSuites: ./\nTrusted: yes\nEnabled: no\n", id="apt, flat and trusted"),
        pytest.param("dnf", Repository("app", "https://x", key="/k"),
                     "[app]\nname=app\nbaseurl=https://x\nenabled=1\ngpgcheck=1\ngpgkey=file:///k\n", id="dnf"),
        pytest.param("zypper", Repository("app", "https://x", is_trusted=True),
                     "[app]\nname=app\nbaseurl=https://x\nenabled=1\ngpgcheck=0\nautorefresh=1\n", id="zypper"),
    ],
)  # fmt: skip
def test_a_repository_is_written_as_its_tool_reads_it(program, wanted, text):
    assert text_of(program, wanted) == text


@pytest.mark.parametrize(
    ("program", "wanted", "why"),
    [
        pytest.param("apt-get", Repository("a", "https://x"), "wants suites", id="apt without suites"),
        pytest.param("apt-get", Repository("a", "https://x", ["stable"]), "wants components", id="apt without components"),
        pytest.param("dnf", Repository("a", "https://x", ["stable"]), "are apt's", id="dnf with suites"),
    ],
)
def test_what_a_tool_cannot_read_is_refused(program, wanted, why):
    with pytest.raises(BadArguments, match=why):
        text_of(program, wanted)


def test_where_a_tool_has_no_place_for_them_that_is_told():
    with pytest.raises(ActionFailed, match="one file of its own"):
        path_of("pacman", "x")
    with pytest.raises(ActionFailed, match="pacman-key"):
        key_path("pacman", "x", ARMORED)


def test_a_key_lies_where_its_form_is_understood():
    assert key_path("apt-get", "app", ARMORED) == "/etc/apt/keyrings/app.asc"
    assert key_path("apt-get", "app", b"\x99\x01") == "/etc/apt/keyrings/app.gpg"
    assert key_path("dnf", "app", ARMORED) == "/etc/pki/rpm-gpg/RPM-GPG-KEY-app"


def test_check_mode_foretells_and_fetches_nothing():
    host = FakeHost(check=True, programs=["apt-get"])
    result = pkg.repository(host, name="sloth-test", url="https://x", suites=["./"], key="sloth-test")
    assert host.changes[-1] == "write /etc/apt/sources.list.d/sloth-test.sources"
    assert result == {"file": "/etc/apt/sources.list.d/sloth-test.sources"}
    assert host.commands == []


def test_a_new_key_of_an_rpm_host_is_imported():
    host = FakeHost(check=True, programs=["dnf"])
    pkg.key(host, name="app", content=ARMORED.decode())
    assert host.changes[-1] == "rpm --import /etc/pki/rpm-gpg/RPM-GPG-KEY-app"


@pytest.mark.parametrize(
    ("act", "arguments"),
    [
        pytest.param(pkg.repository, {"name": "../x", "url": "https://x", "suites": ["./"]}, id="a path as name"),
        pytest.param(pkg.repository, {"name": "x", "url": "https://x\nTrusted: yes", "suites": ["./"]}, id="two lines"),
        pytest.param(pkg.repository, {"name": "x", "url": "u", "suites": ["a\nTrusted: yes"]}, id="two lines of a suite"),
        pytest.param(pkg.repository, {"name": "x"}, id="no url"),
        pytest.param(pkg.key, {"name": "x"}, id="no key"),
        pytest.param(pkg.key, {"name": "x", "content": "a", "src": "b"}, id="two keys"),
    ],
)
def test_what_would_write_something_else_is_refused(act, arguments):
    host = FakeHost(programs=["apt-get"])
    with pytest.raises(BadArguments):
        act(host, **arguments)
    assert host.changes == []


def test_what_is_not_there_is_absent_already():
    host = FakeHost(programs=["apt-get"])
    pkg.repository(host, name="sloth-no-such", state="absent")
    pkg.key(host, name="sloth-no-such", state="absent")
    assert host.changes == []
