"""ssh_config as users have it: includes, jump hosts, and a word on what is not taken over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from paramiko import SSHConfig

from sloth.core.connection import Connection
from sloth.core.errors import SettingsError
from sloth.transport.ssh_config import READ, Route, SshConfig, parse_hop, same_for_all


@pytest.fixture
def route(tmp_path):
    """Writes ssh_config files and resolves a connection."""

    def resolved(config: str, address: str = "web", files: dict[str, str] | None = None, **settings) -> Route:
        ssh = tmp_path / ".ssh"
        ssh.mkdir(exist_ok=True)
        (ssh / "config").write_text(config)
        for name, text in (files or {}).items():
            (ssh / name).parent.mkdir(exist_ok=True)
            (ssh / name).write_text(text)
        connection = Connection("web", address, **{"user": "me", **settings})
        return SshConfig(tmp_path, tmp_path / "etc").route(connection)

    return resolved


def names(route: Route) -> list[str]:
    return [f"{hop.user}@{hop.address}:{hop.port}" for hop in route.hops]


@pytest.mark.parametrize(
    ("config", "settings", "way"),
    [
        pytest.param("", {}, ["me@web:22"], id="nothing said"),
        pytest.param("Host web\n HostName a\n Port 2222\n User you", {"user": None}, ["you@a:2222"], id="all"),
        pytest.param("Host web\n Port 2222\n User you", {"port": 22}, ["me@web:22"], id="the connection wins"),
        pytest.param("Host w*\n Port=23", {}, ["me@web:23"], id="pattern and equals sign"),
        pytest.param("Host web\n ProxyJump jump", {}, ["me@jump:22", "me@web:22"], id="jump"),
        pytest.param("Host web\n ProxyJump jump\nHost jump\n User j\n Port 9", {}, ["j@jump:9", "me@web:22"], id="own"),
        pytest.param("Host web\n ProxyJump a,b@c:7", {}, ["me@a:22", "b@c:7", "me@web:22"], id="chain"),
        pytest.param("Host w*\n ProxyJump b\nHost b\n ProxyJump a", {}, ["me@a:22", "me@b:22", "me@web:22"], id="deep"),
        pytest.param("Host web\n ProxyJump none", {}, ["me@web:22"], id="none"),
        pytest.param("Host web\n ProxyJump jump", {"jump": "none"}, ["me@web:22"], id="none in the inventory"),
        pytest.param("Host web\n ProxyJump a", {"jump": "b"}, ["me@b:22", "me@web:22"], id="jump of the inventory"),
    ],
)  # fmt: skip
def test_the_way_to_a_host(config, settings, way, route, monkeypatch):
    monkeypatch.setenv("LOGNAME", "me")
    assert names(route(config, **settings)) == way


@pytest.mark.parametrize(
    ("config", "files"),
    [
        pytest.param("Include one", {"one": "Host web\n Port 99"}, id="beside"),
        pytest.param("Include d/*.conf", {"d/1.conf": "Host web\n Port 99", "d/2.txt": "Port 1"}, id="glob"),
        pytest.param("Include one two", {"one": "", "two": "Host web\n Port 99"}, id="several"),
        pytest.param("Include one", {"one": "Include two", "two": "Host web\n Port 99"}, id="nested"),
        pytest.param("Host web\n Include one", {"one": "Port 99"}, id="in a block"),
        pytest.param("Include one\nPort 99", {"one": "Host other\n Port 1"}, id="global options behind it"),
        pytest.param("Host web\n Include one\n Port 99", {"one": "User you"}, id="its block goes on"),
        pytest.param("Host db\n Include one\nHost web\n Port 99", {"one": "Port 1"}, id="not in another's block"),
    ],
)
def test_what_is_included_counts_where_it_stands(config, files, route):
    assert route(config, files=files).hops[0].port == 99


DISTRIBUTION = "Host *\n  SendEnv LANG LC_*\n  HashKnownHosts yes\n  GSSAPIAuthentication yes\n"


@pytest.mark.parametrize(
    ("config", "found"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param(DISTRIBUTION, {"hashknownhosts": "yes"}, id="a distribution's own"),
        pytest.param("Host web\n ForwardAgent yes\nMatch originalhost web\n SendEnv X", {}, id="nothing that we read"),
        pytest.param("HashKnownHosts no\n" + DISTRIBUTION, {"hashknownhosts": "no"}, id="said twice"),
        pytest.param("Host web\n HashKnownHosts yes", None, id="of one host"),
        pytest.param("User you", None, id="a user"),
        pytest.param("StrictHostKeyChecking accept-new", None, id="no plain word"),
        pytest.param("nonsense", None, id="not understood"),
    ],
)
def test_what_says_little_is_read_as_paramiko_reads_it_or_left_to_paramiko(config, found):
    assert same_for_all(config.splitlines()) == found
    if found is not None:
        parsed = SSHConfig.from_text(config).lookup("web")
        assert {name: value for name, value in parsed.items() if name in READ and name != "hostname"} == found


def test_the_way_to_a_host_of_which_little_is_said_loads_no_paramiko(tmp_path):
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/config").write_text(DISTRIBUTION)
    program = (
        "import sys, pathlib; from sloth.core.connection import Connection; from sloth.transport import ssh_config;"
        "ssh_config.SshConfig(pathlib.Path(sys.argv[1]), pathlib.Path('/none')).route(Connection('web', 'web', user='me'));"
        "print('paramiko' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_blocks_within_a_block_are_said_to_be_ignored(route):
    found = route("Host web\n Include one", files={"one": "Host web\n Port 99"})
    assert found.hops[0].port == 22
    assert "has blocks: ignored" in found.warnings[0]


def test_keys_are_those_that_exist_and_an_explicit_one_comes_first(route, tmp_path):
    (tmp_path / "there").touch()
    config = f"IdentityFile {tmp_path}/there\nIdentityFile ~/.ssh/missing\nIdentitiesOnly yes"
    hop = route(config, private_key="/mine").hops[0]
    assert hop.keys == ("/mine", f"{tmp_path}/there")
    assert (hop.agent, hop.defaults) == (False, False)


def test_files_of_known_hosts(route, tmp_path):
    ssh, etc = tmp_path / ".ssh", tmp_path / "etc"
    system = (etc / "ssh_known_hosts", etc / "ssh_known_hosts2")
    assert route("").hops[0].known_hosts == (ssh / "known_hosts", ssh / "known_hosts2", *system)
    assert route("UserKnownHostsFile ~/a /b\nGlobalKnownHostsFile none").hops[0].known_hosts == (
        tmp_path / "a", Path("/b"),
    )  # fmt: skip
    assert route("UserKnownHostsFile ~/a", known_hosts="/mine").hops[0].known_hosts == (Path("/mine"), *system)


def test_a_proxy_command_gets_what_counts(route):
    config = "Host web\n HostName real\n Port 23\n ProxyCommand go %h %p %r %n 100%%"
    assert route(config, port=99).hops[0].command == "go real 99 me web 100%"
    assert route("ProxyCommand none").hops[0].command == ""


@pytest.mark.parametrize("address", ["web;id", "$(id)", "-oProxyCommand=id", "a b"])
def test_what_an_inventory_says_writes_no_line_for_the_shell(address, route):
    with pytest.raises(SettingsError, match="cannot stand in a ProxyCommand, for %h"):
        route(f"Host *\n HostName {address}\n ProxyCommand go %h")
    assert route(f"Host *\n HostName {address}\n ProxyCommand go %%h").hops[0].command == "go %h"


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ("Ciphers aes128-ctr", "ciphers"),
        ("CertificateFile /a", "certificatefile"),
        ("StrictHostKeyChecking no", "StrictHostKeyChecking"),
        ("IdentityAgent /run/agent", "identityagent"),
    ],
)
def test_what_is_not_taken_over_is_said(config, word, route):
    (warning,) = route(config).warnings
    assert word in warning


def test_what_only_concerns_others_is_not_said(route):
    assert route("Host db\n Ciphers aes128-ctr\nHost *\n ControlMaster auto\n SendEnv LANG").warnings == []


def test_jump_hosts_in_a_circle_are_an_error(route):
    with pytest.raises(SettingsError, match="circle"):
        route("Host web\n ProxyJump a\nHost a\n ProxyJump b\nHost b\n ProxyJump a")


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("host", (None, "host", None)),
        ("user@host:22", ("user", "host", 22)),
        ("a@b@host", ("a@b", "host", None)),
        ("[::1]:22", (None, "::1", 22)),
        ("fe80::1", (None, "fe80::1", None)),
        ("ssh://user@host:22", ("user", "host", 22)),
    ],
)
def test_a_jump_hosts_parts(spec, parts):
    assert parse_hop(spec) == parts


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param("Port abc", "Port wants a number from 1 to 65535, not 'abc'", id="a port"),
        pytest.param("Port 99999", "not '99999'", id="a large port"),
        pytest.param('Include "x', '"x: no closing quotation', id="a quote"),
    ],
)
def test_what_makes_no_sense_is_a_clear_error(config, said, route):
    with pytest.raises(SettingsError, match=said):
        route(config)


def test_the_home_of_a_user_who_is_not_there_is_a_folder_that_is_not_there(route):
    (hop,) = route("UserKnownHostsFile ~nobody-at-all/keys").hops
    assert hop.known_hosts[0] == Path("~nobody-at-all/keys")


@pytest.mark.parametrize("spec", ["", "host:", "host:port", "user@"])
def test_what_is_no_jump_host_is_refused(spec):
    with pytest.raises(SettingsError, match="not a jump host"):
        parse_hop(spec)
