"""Options of the SSH server: first value, own file, checked before it holds."""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import sshd
from sloth.runtime.process import Done
from sloth.runtime.units import PROPERTIES
from tests.doubles import FakeHost, SystemdHost

CONFIG = "#Port 22\nPermitRootLogin yes\nX11Forwarding no\nMatch User ann\n  PermitRootLogin no\n"
SHOW = f"systemctl show -p {PROPERTIES} -- "
UNIT = "Id={}\nLoadState=loaded\nActiveState={}\nCanReload=yes\nTriggeredBy=ssh.socket\n"
FINE = {
    "sshd -t": 0, "systemctl is-active --quiet -- ssh": 0, f"{SHOW}ssh": UNIT.format("ssh.service", "active"),
    f"{SHOW}ssh.socket": UNIT.format("ssh.socket", "inactive"),
}  # fmt: skip
SOCKET = {f"{SHOW}ssh.socket": UNIT.format("ssh.socket", "active")}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sshd_config"
    path.write_text(CONFIG)
    return path


@pytest.mark.parametrize(
    ("key", "value", "after"),
    [
        pytest.param("PermitRootLogin", "yes", CONFIG, id="as it is"),
        pytest.param("PermitRootLogin", False, CONFIG.replace("Login yes", "Login no"), id="in its place"),
        pytest.param("permitrootlogin", "no", CONFIG.replace("PermitRootLogin yes", "permitrootlogin no"), id="any case"),
        pytest.param("Port", 2222, CONFIG.replace("Match", "Port 2222\nMatch", 1), id="before the first Match"),
    ],
)
def test_an_option_has_its_value_before_any_match(file, key, value, after):
    host = SystemdHost(FINE)
    sshd.option(host, key=key, value=value, file=str(file))
    assert file.read_text() == after
    assert host.made == ([] if after == CONFIG else ["systemctl reload -- ssh"])


def test_absent_takes_it_out_and_keeps_what_is_for_others(file):
    sshd.option(SystemdHost(FINE), key="PermitRootLogin", state="absent", file=str(file))
    assert file.read_text() == CONFIG.replace("PermitRootLogin yes\n", "", 1)


def test_of_several_lines_one_is_left(file):
    file.write_text("AllowUsers a\nAllowUsers b\n")
    sshd.option(SystemdHost(FINE), key="AllowUsers", value="c", file=str(file))
    assert file.read_text() == "AllowUsers c\n"


def test_what_sshd_refuses_does_not_come_into_force(file):
    host = SystemdHost({**FINE, "sshd -t": Done(255, b"", b"Bad configuration option: PermitRoot\n")})
    with pytest.raises(ActionFailed, match="Bad configuration option"):
        sshd.option(host, key="PermitRoot", value="no", file=str(file))
    assert file.read_text() == CONFIG
    assert host.made == []


def test_it_is_written_unasked_where_that_is_wanted(file):
    host = SystemdHost({**FINE, "sshd -t": 255})
    sshd.option(host, key="OptionToCome", value="no", validate=False, file=str(file))
    assert file.read_text() == CONFIG.replace("Match", "OptionToCome no\nMatch", 1)


def test_a_backup_is_kept(file):
    result = sshd.option(SystemdHost(FINE), key="Port", value=23, file=str(file))
    assert open(str(result["backup"])).read() == CONFIG  # noqa: PTH123, SIM115


def test_check_mode_writes_and_reloads_nothing(file):
    host = SystemdHost(FINE, check=True)
    sshd.option(host, key="Port", value=23, file=str(file))
    assert host.changes == [f"write {file}", "systemctl reload ssh"]
    assert file.read_text() == CONFIG


def test_a_server_of_a_socket_is_started_anew_as_a_reload_would_end_it(file):
    host = SystemdHost({**FINE, **SOCKET})
    sshd.option(host, key="MaxAuthTries", value=3, file=str(file))
    assert (host.made, host.warnings) == (["systemctl restart -- ssh"], [])


def test_where_a_socket_listens_is_told_to_be_its_own(file):
    host = SystemdHost({**FINE, **SOCKET})
    sshd.option(host, key="Port", value=23, file=str(file))
    assert host.warnings == ["ssh.socket listens for the SSH server: ListenStream= there says where, not Port"]


def test_a_server_that_a_socket_starts_for_the_next_connection_is_told_nothing(file):
    host = SystemdHost({**FINE, **SOCKET, "systemctl is-active --quiet -- ssh": 3})
    sshd.option(host, key="MaxAuthTries", value=3, file=str(file))
    assert (host.made, host.warnings) == ([], [])


def test_without_a_running_server_nobody_is_told(file):
    host = SystemdHost({"sshd -t": 0, SHOW: "LoadState=not-found\n"})
    sshd.option(host, key="Port", value=23, file=str(file))
    assert "none was told" in host.warnings[0]


def test_where_nothing_starts_services_the_option_is_set_all_the_same(file):
    class Bare(FakeHost):
        def finds(self, pattern: str) -> bool:
            return False

    host = Bare({"sshd -t": 0}, programs=[])
    sshd.option(host, key="Port", value=23, file=str(file))
    assert (host.changes, "no SSH server was told" in host.warnings[0]) == ([f"write {file}"], True)


@pytest.mark.parametrize(
    "arguments",
    [{"key": "Match", "value": "x"}, {"key": "A B", "value": "x"}, {"key": "Port"}, {"key": "Port", "value": "1\nx"},
     {"key": "Port", "value": "1", "state": "absent"}],
    ids=["a block", "two words", "no value", "two lines", "absent with a value"],
)  # fmt: skip
def test_what_is_no_option_is_refused(arguments, file):
    with pytest.raises(BadArguments):
        sshd.option(SystemdHost(FINE), file=str(file), **arguments)


def test_the_servers_own_value_is_told():
    host = FakeHost({"sshd -T": "port 22\nacceptenv LANG\nacceptenv LC_*\n"})
    assert sshd.get(host, key="AcceptEnv") == "LANG\nLC_*"
    with pytest.raises(ActionFailed, match="knows no option"):
        sshd.get(host, key="Nosuch")


def test_many_options_are_one_change_with_one_check_one_backup_and_one_reload(file):
    host = SystemdHost(FINE)
    wanted = {"PermitRootLogin": False, "MaxAuthTries": 3, "PasswordAuthentication": "no"}
    result = sshd.options(host, options=wanted, absent=["X11Forwarding"], file=str(file))
    assert file.read_text() == (
        "#Port 22\nPermitRootLogin no\nMaxAuthTries 3\nPasswordAuthentication no\nMatch User ann\n  PermitRootLogin no\n"
    )
    assert open(str(result["backup"])).read() == CONFIG  # noqa: PTH123, SIM115
    assert host.made == ["systemctl reload -- ssh"]
    assert len([line for line in host.commands if line.startswith("sshd -t")]) == 1
    again = SystemdHost(FINE)
    sshd.options(again, options=wanted, absent=["X11Forwarding"], file=str(file))
    assert again.changes == []


def test_of_many_options_none_comes_into_force_when_sshd_refuses_one(file):
    host = SystemdHost({**FINE, "sshd -t": Done(255, b"", b"Bad configuration option: PermitRoot\n")})
    with pytest.raises(ActionFailed, match="Bad configuration option"):
        sshd.options(host, options={"PermitRoot": "no", "MaxAuthTries": 3}, file=str(file))
    assert file.read_text() == CONFIG
    assert host.changes == []


@pytest.mark.parametrize(
    "arguments",
    [{"options": {"Port": 1, "port": 2}}, {"options": {"Port": 1}, "absent": ["PORT"]}, {"options": {"Include": "x"}},
     {"absent": ["Match"]}, {"options": {"Port": "1\n2"}}],
    ids=["twice", "there and not there", "a file", "a block", "two lines"],
)  # fmt: skip
def test_options_that_cannot_be_are_refused(arguments, file):
    with pytest.raises(BadArguments):
        sshd.options(SystemdHost(FINE), file=str(file), **arguments)
