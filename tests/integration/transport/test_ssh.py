"""SSH as users have it, against a real sshd: host keys, jump hosts, ways to log in, and what can go wrong."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress

import pytest

from sloth.core.errors import (
    AuthenticationFailed,
    ConnectionLost,
    ConnectionRefused,
    ConnectTimeout,
    HostKeyChanged,
    HostKeyUnknown,
    NameNotResolved,
)
from sloth.transport.ssh import Ssh
from tests.integration.transport.world import descendants, run

pytestmark = pytest.mark.needs_root

OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS"


@pytest.fixture
def log_in(home):
    """Logs in and out; returns what was warned of."""

    def done(connection) -> list[str]:
        login = Ssh(home).log_in(connection)
        login.close()
        return login.warnings

    return done


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["[127.0.0.1]:PORT {}"], id="plain"),
        pytest.param(["[127.0.0.?]:PORT,!nothing {} a comment"], id="wildcard"),
        pytest.param(["127.0.0.1 {}"], id="the bare host's key on another port"),
        pytest.param(["", "# a comment", "no line", "@odd * ssh-rsa AAAA", "[127.0.0.1]:PORT {}"], id="odd lines"),
        pytest.param(["@cert-authority * " + OTHER, "[127.0.0.1]:PORT {}"], id="an authority beside it"),
        pytest.param(["@revoked * " + OTHER, "[127.0.0.1]:PORT {}"], id="another key revoked"),
        pytest.param(["[127.0.0.1]:PORT " + OTHER, "[127.0.0.1]:PORT {}"], id="an old key beside it"),
    ],
)  # fmt: skip
def test_a_known_key_lets_us_in(lines, sshd, log_in):
    known = sshd.known_hosts(*(line.replace("PORT", str(sshd.port)) for line in lines))
    log_in(sshd.connection(known_hosts=str(known)))


@pytest.mark.parametrize(
    ("lines", "error", "text"),
    [
        pytest.param(["[127.0.0.1]:PORT " + OTHER], HostKeyChanged, "than the known one in .*:1", id="changed"),
        pytest.param(["@revoked * {}", "[127.0.0.1]:PORT {}"], HostKeyChanged, "revoked", id="revoked"),
        pytest.param(["@cert-authority * " + OTHER], HostKeyUnknown, "does not support", id="authority alone"),
    ],
)
@pytest.mark.parametrize("mode", ["strict", "accept-new"])
def test_a_key_that_is_not_right_is_refused(lines, error, text, mode, sshd, log_in):
    known = sshd.known_hosts(*(line.replace("PORT", str(sshd.port)) for line in lines))
    before = known.read_text()
    with pytest.raises(error, match=text):
        log_in(sshd.connection(known_hosts=str(known), host_keys=mode))
    assert known.read_text() == before


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("# none", id="unknown"),
        pytest.param("[127.0.0.*]:PORT,![127.0.0.1]:PORT {}", id="negated"),
        pytest.param("127.0.0.1 " + OTHER, id="another key on the bare host"),
    ],
)
def test_a_new_key_is_refused_by_strict_and_kept_by_accept_new(line, sshd, log_in):
    known = str(sshd.known_hosts(line.replace("PORT", str(sshd.port))))
    with pytest.raises(HostKeyUnknown, match="no known_hosts file has its key"):
        log_in(sshd.connection(known_hosts=known))
    assert log_in(sshd.connection(known_hosts=known, host_keys="accept-new")) == [
        f"a new host key is kept in {known} from now on"
    ]
    assert log_in(sshd.connection(known_hosts=known, host_keys="accept-new")) == []


def test_a_hashed_name_is_found(sshd, log_in):
    known = sshd.known_hosts()
    run("ssh-keygen", "-q", "-H", "-f", str(known))
    assert "127.0.0.1" not in known.read_text()
    log_in(sshd.connection(known_hosts=str(known)))


def test_of_several_keys_the_known_one_is_asked_for(sshd, log_in):
    known = sshd.known_hosts(f"[127.0.0.1]:{sshd.port} {sshd.host_key('rsa')}")
    log_in(sshd.connection(known_hosts=str(known)))


def test_keys_that_do_not_matter_are_not_looked_at(sshd, log_in):
    known = sshd.known_hosts(f"[127.0.0.1]:{sshd.port} {OTHER}")
    log_in(sshd.connection(known_hosts=str(known), host_keys="off"))


@pytest.mark.parametrize("hashed", [False, True], ids=["plain", "hashed"])
def test_fifty_new_hosts_at_once_are_all_kept(hashed, sshd, home):
    (home / ".ssh" / "known_hosts").write_text("old.example " + OTHER)  # without a newline at its end
    (home / ".ssh" / "config").write_text(f"HashKnownHosts {'yes' if hashed else 'no'}\n")
    ssh = Ssh(home)

    def enter(number: int) -> None:
        ssh.log_in(sshd.connection(address=f"127.0.1.{number}", known_hosts=None, host_keys="accept-new")).close()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(enter, range(1, 51)))
    lines = (home / ".ssh" / "known_hosts").read_text().splitlines()
    assert lines[0] == "old.example " + OTHER
    assert len(lines) == 51
    assert all(sshd.host_key() in line for line in lines[1:])
    Ssh(home).log_in(sshd.connection(address="127.0.1.7", known_hosts=None)).close()


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_jump_hosts_are_passed_one_after_the_other(hops, world, sshd, log_in):
    jump = ",".join(f"{world.account().name}@127.0.0.{2 + hop}:{sshd.port}" for hop in range(hops))
    log_in(sshd.connection(jump=jump))


def test_jump_hosts_of_ssh_config_with_settings_of_their_own(world, sshd, home, log_in):
    accounts = [world.account() for _ in range(2)]
    known = sshd.known_hosts()
    (home / ".ssh" / "config.d").mkdir()
    (home / ".ssh" / "config").write_text(
        f"Include config.d/*\nHost inner\n  HostName 127.0.0.1\n  User root\n  ProxyJump middle\n"
        f"Host *\n  Port {sshd.port}\n  UserKnownHostsFile {known}\n  IdentityFile {sshd.key}\n"
    )
    (home / ".ssh" / "config.d" / "jumps").write_text(
        f"Host middle\n  HostName 127.0.0.2\n  User {accounts[0].name}\n  ProxyJump outer\n"
        f"Host outer\n  HostName 127.0.0.3\n  User {accounts[1].name}\n"
    )
    bare = {"port": None, "user": None, "private_key": None, "known_hosts": None, "address": "inner"}
    log_in(sshd.connection(**bare))
    log_in(sshd.connection(**bare, jump="none"))
    assert [hop.address for hop in Ssh(home).config.route(sshd.connection(**bare)).hops] == [
        "127.0.0.3", "127.0.0.2", "127.0.0.1",
    ]  # fmt: skip


def test_a_proxy_command_is_a_way_too(sshd, home, log_in):
    (home / ".ssh" / "config").write_text(f"Host *\n  ProxyCommand {by_ssh(sshd)}\n")
    log_in(sshd.connection(address="127.0.0.2"))


def by_ssh(sshd, to: str = "127.0.0.1") -> str:
    return f"ssh -F none -i {sshd.key} -o UserKnownHostsFile={sshd.known_hosts()} -p %p -W {to}:%p root@127.0.0.3"


def test_a_proxy_command_is_a_line_for_the_shell(sshd, home, log_in):
    (home / "to").write_text("127.0.0.1\n")
    line = by_ssh(sshd, f'"$(cat {home}/to)"')
    (home / ".ssh" / "config").write_text(f"Host *\n  ProxyCommand {line} 2>/dev/null\n")
    log_in(sshd.connection(address="127.0.0.2"))


@pytest.mark.parametrize(
    ("command", "text"),
    [
        pytest.param("sh -c 'echo starting >&2; echo no such gateway >&2; exit 4'", "no such gateway", id="it says why"),
        pytest.param("sh -c 'exit 4'", "exit code 4", id="it says nothing"),
        pytest.param("/no/such/program %h", "not found", id="there is none"),
    ],
)
def test_a_proxy_command_that_fails_is_told_in_its_own_words(command, text, sshd, home):
    (home / ".ssh" / "config").write_text(f"Host *\n  ProxyCommand {command}\n")
    with pytest.raises(ConnectionRefused, match=f"its ProxyCommand ended before the login: .*{text}") as refused:
        Ssh(home, waits=lambda: iter(())).log_in(sshd.connection(address="127.0.0.2"))
    assert refused.value.hint.startswith("the command was: ")


def test_a_proxy_command_ends_with_its_connection(sshd, home, tmp_path):
    pid = tmp_path / "pid"
    (home / ".ssh" / "config").write_text(f"Host *\n  ProxyCommand sh -c 'echo $$ > {pid}; exec {by_ssh(sshd)}'\n")
    login = Ssh(home).log_in(sshd.connection(address="127.0.0.2"))
    process = int(pid.read_text())
    assert os.getsid(process) != os.getsid(0)  # Ctrl-C is for us: it stops the hosts behind the command first
    login.close()
    with suppress(ChildProcessError):  # somebody took note of its end already
        os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)


def test_what_ssh_config_says_in_vain_is_told_where_it_may_be_the_reason(sshd, home, log_in):
    (home / ".ssh" / "config").write_text("Host *\n  StrictHostKeyChecking no\n")
    with pytest.raises(HostKeyUnknown) as raised:
        log_in(sshd.connection(known_hosts=str(sshd.known_hosts("other {}"))))
    assert "StrictHostKeyChecking of ssh_config is not taken over" in raised.value.hint


@pytest.mark.parametrize(
    ("target", "error"),
    [
        pytest.param({"port": 1}, ConnectionRefused, id="refused"),
        pytest.param({"address": "no-such-host.invalid"}, NameNotResolved, id="no such name"),
    ],
)
def test_an_address_that_cannot_be_reached_is_named(target, error, sshd, log_in):
    with pytest.raises(error, match="web: "):
        log_in(sshd.connection(**target))
    with pytest.raises(ConnectionRefused, match="web: the jump host cannot connect to"):
        log_in(sshd.connection(**target, jump=f"root@127.0.0.2:{sshd.port}"))


def test_a_jump_host_that_fails_is_named(sshd, log_in):
    with pytest.raises(ConnectionRefused, match=r"jump host 127\.0\.0\.2 of web"):
        log_in(sshd.connection(jump="root@127.0.0.2:1"))


def test_a_server_that_says_nothing_is_a_time_out(sshd, log_in):
    silent = socket.create_server(("127.0.0.1", 0))
    with closing(silent), pytest.raises(ConnectTimeout, match="does not answer"):
        log_in(sshd.connection(port=silent.getsockname()[1], connect_timeout=0.5))


@contextmanager
def server_that_says(*said: bytes) -> Iterator[int]:
    """Says that to everybody who has said something, and hangs up. Yields its port."""

    def serve() -> None:
        while True:
            try:
                taken, _ = server.accept()
            except OSError:
                return
            taken.recv(1 << 16)
            with closing(taken), suppress(OSError):  # who has heard enough is gone
                for piece in said:
                    taken.sendall(piece)

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        pytest.param([b"HTTP/1.0 400 what?\r\n\r\n"], "is no SSH server, it says: HTTP/1.0 400 what", id="HTTP"),
        pytest.param([b"\xff\xfe\n"], r"is no SSH server, it says: \(no text\)", id="no text"),
        pytest.param([b"x" * 1024] * 1024, r"is no SSH server, it says: \(a line without end\)", id="no end"),
        pytest.param([b"SSH-1.5-old\r\n"], "nothing in common: Incompatible version", id="SSH of old"),
    ],
)
def test_a_server_that_is_no_ssh_server_is_named_at_once(said, text, sshd, home):
    with server_that_says(*said) as port, pytest.raises(ConnectionRefused, match=text):
        Ssh(home, waits=lambda: iter(lambda: pytest.fail("another try is no use"), 0)).log_in(sshd.connection(port=port))


@pytest.mark.parametrize(
    ("said", "text", "hint"),
    [
        # who failed before is turned away without a word by older servers
        pytest.param([], "ended the connection before the login$", "PerSourcePenalties", id="nothing"),
        pytest.param([b"Exceeded MaxStartups\r\n"], "us away before the login: Exceeded", "MaxStartups", id="MaxStartups"),
        pytest.param([b"Not allowed at this time\r\n"], "Not allowed at", "PerSourcePenalties", id="penalty"),
    ],
)
def test_a_server_that_turns_us_away_is_tried_again(said, text, hint, sshd, home):
    tries = iter([0.01, 0.02])
    with server_that_says(*said) as port, pytest.raises(ConnectionRefused, match=text) as refused:
        Ssh(home, waits=lambda: tries).log_in(sshd.connection(port=port))
    assert list(tries) == []
    assert hint in refused.value.hint


def test_a_jump_host_is_given_no_password_and_says_so(world, sshd, log_in, tmp_path):
    account = world.account(password="secret")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other"))
    jump, key = f"{account.name}@127.0.0.2:{sshd.port}", str(tmp_path / "other")
    with pytest.raises(AuthenticationFailed, match="jump host") as raised:
        log_in(sshd.connection(account.name, password="secret", jump=jump, private_key=key))
    assert "a jump host gets no password, only keys" in raised.value.hint


def test_the_public_half_of_a_key_is_called_so(sshd, log_in):
    with pytest.raises(AuthenticationFailed) as raised:
        log_in(sshd.connection(private_key=f"{sshd.key}.pub"))
    assert raised.value.hint == f"that is the public half of a key; the private one is {sshd.key}"


def test_who_is_not_let_in_learns_why(world, sshd, log_in, tmp_path):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other"))
    with pytest.raises(AuthenticationFailed, match="not let in as") as raised:
        log_in(sshd.connection(world.account().name, private_key=str(tmp_path / "other")))
    assert str(tmp_path / "other") in raised.value.hint


def test_a_server_that_hangs_up_on_an_expired_account_is_told_as_that(world, log_in):
    account = world.account()
    run("usermod", "--expiredate", "1", account.name)
    with pytest.raises(AuthenticationFailed, match="the server hung up: has the account expired"):
        log_in(world.sshd(UsePAM="yes").connection(account.name))


def test_a_key_file_that_is_not_there_is_named(sshd, log_in):
    with pytest.raises(AuthenticationFailed, match="cannot read the key /no/such: No such file"):
        log_in(sshd.connection(private_key="/no/such"))


def test_an_encrypted_key_is_for_the_agent(sshd, log_in, tmp_path):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(tmp_path / "locked"))
    with pytest.raises(AuthenticationFailed, match="encrypted") as raised:
        log_in(sshd.connection(private_key=str(tmp_path / "locked")))
    assert "ssh-add" in raised.value.hint


def test_a_key_in_the_agent_lets_us_in(sshd, log_in, tmp_path, monkeypatch):
    run("ssh-keygen", "-q", "-p", "-N", "", "-f", str(sshd.key))
    path = tmp_path / "agent"
    started = run("ssh-agent", "-s", "-a", str(path))
    pid = started.split("SSH_AGENT_PID=")[1].split(";")[0]
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    try:
        run("ssh-add", str(sshd.key))
        log_in(sshd.connection(private_key=None))
    finally:
        run("kill", pid)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"PubkeyAuthentication": "no"}, id="password"),
        pytest.param(
            {"UsePAM": "yes", "KbdInteractiveAuthentication": "yes", "PasswordAuthentication": "no"}, id="interactive"
        ),
    ],
)
def test_a_password_lets_us_in_and_a_wrong_one_does_not(options, world, log_in):
    sshd, account = world.sshd(**options), world.account(password="pass wörd")
    log_in(sshd.connection(account.name, password="pass wörd", private_key=None))
    with pytest.raises(AuthenticationFailed, match=r"not let in as .*: Authentication failed"):
        log_in(sshd.connection(account.name, password="wrong", private_key=None))


def test_thirty_sessions_to_one_server_with_the_default_max_startups(world, open_session):
    sshd, account = world.sshd(MaxStartups="10:30:100"), world.account()
    with ThreadPoolExecutor(30) as pool:
        sessions = list(pool.map(lambda _: open_session(sshd.connection(account.name)), range(30)))
    assert len({session.call("echo", {"a": 1})["a"] for session in sessions}) == 1


@pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr"])
def test_by_any_cipher_a_large_message_crosses_whole(cipher, world, open_session):
    session = open_session(world.sshd(Ciphers=cipher).connection(world.account().name))
    text = "0123456789abcdef" * 200_000
    assert session.call("echo", {"text": text}) == {"text": text}


def test_a_connection_that_breaks_is_a_loss(world, sshd, open_session):
    session = open_session(sshd.connection(world.account().name))
    for pid in reversed(descendants(sshd.process.pid)):
        with suppress(ProcessLookupError):  # the end of one is the end of the one above it
            os.kill(pid, 9)
    with pytest.raises(ConnectionLost):
        session.call("echo", {})
    assert session.lost
