"""What the host as a whole is set to: parameters of the kernel, its name, its time zone."""

from __future__ import annotations

import os

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import hostname, sysctl, timezone
from tests.doubles import FakeHost

NAME = "kernel.threads-max"


@pytest.fixture
def value() -> str:
    return str(sysctl.get(FakeHost(), name=NAME))


def test_a_parameter_is_set_now_and_for_the_next_boot(tmp_path, value):
    file, other = tmp_path / "sysctl.d/99.conf", str(int(value) + 1)
    host = FakeHost()
    sysctl.set_(host, name=NAME, value=other, file=str(file))
    assert host.made == [f"sysctl -w {NAME}={other}"]
    assert file.read_text() == f"{NAME} = {other}\n"


def test_what_has_its_value_is_left(tmp_path, value):
    file = tmp_path / "99.conf"
    file.write_text(f"# mine\n{NAME} = {value}\n")
    host = FakeHost()
    sysctl.set_(host, name=NAME, value=int(value), file=str(file))
    assert host.changes == []


def test_a_line_of_another_value_is_replaced_and_can_go(tmp_path, value):
    file = tmp_path / "99.conf"
    file.write_text(f"# mine\n{NAME}=1\nkernel.threads=2\n")
    sysctl.set_(FakeHost(), name=NAME, value=value, file=str(file))
    assert file.read_text() == f"# mine\n{NAME} = {value}\nkernel.threads=2\n"
    for changes in (1, 0):
        host = FakeHost()
        sysctl.remove(host, name=NAME, file=str(file))
        assert len(host.changes) == changes
    assert file.read_text() == "# mine\nkernel.threads=2\n"


def test_check_mode_writes_nothing(tmp_path, value):
    host = FakeHost(check=True)
    sysctl.set_(host, name=NAME, value=int(value) + 1, file=str(tmp_path / "a/b"))
    assert len(host.changes) >= 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        pytest.param("no.such.parameter", "1", ActionFailed, id="not of this kernel"),
        pytest.param("../etc/passwd", "1", BadArguments, id="a path out of the tree"),
        pytest.param("kernel.pid_max", "1\nkernel.x=2", BadArguments, id="two lines"),
    ],
)
def test_what_is_no_parameter_is_refused(name, value, error, tmp_path):
    with pytest.raises(error):
        sysctl.set_(FakeHost(), name=name, value=value, file=str(tmp_path / "x"))


def test_a_parameter_that_is_missing_may_be_written_nevertheless(tmp_path):
    sysctl.set_(FakeHost(), name="no.such", value="1", file=str(tmp_path / "x"), ignore_missing=True)
    assert (tmp_path / "x").read_text() == "no.such = 1\n"


def test_the_host_gets_its_name():
    host = FakeHost(check=True)
    hostname.set_(host, name="another-name")
    assert host.changes == ["hostname another-name", "write /etc/hostname"]
    assert hostname.get(host) == os.uname().nodename


@pytest.mark.parametrize("name", ["", "-a", "a b", "a..b", "x" * 65, "ü"])
def test_what_is_no_name_of_a_host_is_refused(name):
    with pytest.raises(BadArguments):
        hostname.set_(FakeHost(), name=name)


def test_the_time_zone_is_linked():
    now = timezone.get(FakeHost())
    other = "Europe/Berlin" if now != "Europe/Berlin" else "Europe/Paris"
    host = FakeHost(check=True)
    timezone.set_(host, name=other)
    assert host.changes[0] == f"link /etc/localtime -> /usr/share/zoneinfo/{other}"


def test_a_zone_that_nobody_knows_is_refused():
    with pytest.raises(ActionFailed, match="no time zone Europe/Nowhere"):
        timezone.set_(FakeHost(), name="Europe/Nowhere")
    with pytest.raises(BadArguments):
        timezone.set_(FakeHost(), name="../../etc/passwd")
