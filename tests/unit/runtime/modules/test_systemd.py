"""Units: each claim changes only what differs, and says clearly what cannot be.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import itertools

import pytest

from sloth.runtime import unitfile
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.process import Done
from sloth.runtime.units import PROPERTIES
from tests.actions import actions_of
from tests.doubles import FakeHost

systemd = actions_of("systemd")


def unit(active="active", load="loaded", **more):
    fields = {"Id": "web.service", "LoadState": load, "LoadError": "", "ActiveState": active, "SubState": "",
              "MainPID": "42", "NeedDaemonReload": "no", "CanReload": "yes", **more}
    return "".join(f"{key}={value}\n" for key, value in fields.items())


def host_with(shown=None, enabled="enabled", *, check=False):
    is_enabled = Done(0 if enabled in {"enabled", "static", "alias"} else 1, enabled.encode() + b"\n", b"")
    return FakeHost({"systemctl show": shown or unit(), "systemctl is-enabled": is_enabled}, check=check)


@pytest.mark.parametrize(
    ("act", "arguments", "active", "enabled", "changes"),
    [
        pytest.param(systemd.running, {}, "active", "enabled", [], id="running already"),
        pytest.param(systemd.running, {}, "inactive", "enabled", ["start"], id="stopped"),
        pytest.param(systemd.running, {}, "inactive", "disabled", ["enable", "start"], id="neither"),
        pytest.param(systemd.running, {"enabled": False}, "active", "enabled", ["disable"], id="38 not at boot"),
        pytest.param(systemd.running, {}, "active", "static", [], id="static cannot be enabled"),
        pytest.param(systemd.start, {}, "inactive", "disabled", ["start"], id="38 start never alters enablement"),
        pytest.param(systemd.start, {}, "reloading", "disabled", [], id="reloading runs"),
        pytest.param(systemd.stop, {}, "active", "enabled", ["stop"], id="stop"),
        pytest.param(systemd.stop, {}, "failed", "enabled", [], id="failed is stopped"),
        pytest.param(systemd.stop, {}, "activating", "enabled", ["stop"], id="about to start"),
        pytest.param(systemd.restart, {}, "active", "enabled", ["restart"], id="38 restart"),
        pytest.param(systemd.restart, {}, "inactive", "enabled", ["restart"], id="restart starts"),
        pytest.param(systemd.reload, {}, "active", "enabled", ["reload"], id="reload"),
        pytest.param(systemd.enable, {}, "inactive", "enabled", [], id="enabled already"),
        pytest.param(systemd.enable, {}, "inactive", "disabled", ["enable"], id="38 enable never starts"),
        pytest.param(systemd.enable, {}, "inactive", "enabled-runtime", ["enable"], id="40 until reboot"),
        pytest.param(systemd.enable, {}, "inactive", "indirect", [], id="40 indirect"),
        pytest.param(systemd.enable, {}, "inactive", "generated", [], id="40 generated"),
        pytest.param(systemd.disable, {}, "active", "enabled", ["disable"], id="38 disable never stops"),
        pytest.param(systemd.disable, {}, "active", "disabled", [], id="disabled already"),
        pytest.param(systemd.disable, {}, "active", "masked", [], id="masked is not at boot"),
        pytest.param(systemd.mask, {}, "active", "enabled", ["mask"], id="mask"),
        pytest.param(systemd.mask, {}, "active", "masked", [], id="39 masked already"),
        pytest.param(systemd.mask, {}, "active", "masked-runtime", ["mask"], id="masked until the next boot only"),
        pytest.param(systemd.unmask, {}, "inactive", "masked", ["unmask"], id="unmask"),
        pytest.param(systemd.unmask, {}, "inactive", "enabled", [], id="not masked"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_only_what_differs_is_changed(act, arguments, active, enabled, changes, check):
    host = host_with(unit(active), enabled, check=check)
    act(host, name=["web"], **arguments)
    assert host.verbs == changes
    assert not check or host.made == []


def test_a_running_and_enabled_unit_costs_two_looks():
    host = host_with()
    systemd.running(host, name=["web"])
    assert [line.split()[1] for line in host.commands] == ["show", "is-enabled"]


NOT_FOUND = unit(active="inactive", load="not-found")
NO_STATE = Done(1, b"", b"Failed to get unit file state for web.service: No such file or directory")


@pytest.mark.parametrize(
    "act", [systemd.running, systemd.start, systemd.stop, systemd.restart, systemd.reload, systemd.is_active]
)
def test_39_a_unit_that_is_not_there_fails(act):
    with pytest.raises(ActionFailed, match="there is no unit web"):
        act(host_with(NOT_FOUND), name=["web"])


@pytest.mark.parametrize(("act", "changes"), [
    (systemd.running, ["enable", "start"]), (systemd.start, ["start"]), (systemd.stop, []),
    (systemd.restart, ["restart"]), (systemd.reload, ["reload"]), (systemd.enable, ["enable"]), (systemd.disable, []),
    (systemd.mask, ["mask"]), (systemd.unmask, []),
])  # fmt: skip
def test_39_check_mode_does_not_know_what_is_done_to_a_unit_that_is_yet_to_come(act, changes):
    host = FakeHost({"systemctl show": NOT_FOUND, "systemctl is-enabled": NO_STATE}, check=True)
    act(host, name=["web"])
    assert host.verbs == changes
    assert host.unknown
    assert host.warnings == ["there is no unit web (yet), so nobody knows what would be changed"]


@pytest.mark.parametrize("ask", [systemd.is_active, systemd.is_enabled, systemd.status])
def test_a_question_about_a_unit_that_is_not_there_has_no_answer_in_check_mode_either(ask):
    host = FakeHost({"systemctl show": NOT_FOUND, "systemctl is-enabled": NO_STATE}, check=True)
    with pytest.raises(ActionFailed, match="there is no unit web"):
        ask(host, name=["web"])


@pytest.mark.parametrize("act", [systemd.enable, systemd.disable, systemd.mask, systemd.unmask, systemd.is_enabled])
def test_enablement_of_a_unit_that_is_not_there_fails(act):
    with pytest.raises(ActionFailed, match="there is no unit web"):
        act(FakeHost({"systemctl is-enabled": NO_STATE}), name=["web"])


@pytest.mark.parametrize(
    ("act", "shown", "enabled", "why"),
    [
        pytest.param(systemd.start, unit("inactive", "masked"), "masked", "systemd.unmask", id="39 masked"),
        pytest.param(systemd.enable, unit("inactive", "masked"), "masked", "systemd.unmask", id="39 masked, at boot"),
        pytest.param(
            systemd.start, unit("inactive", "bad-setting", LoadError='org.x "Unit web has a bad unit file setting."'),
            "enabled", "has a bad unit file setting", id="39 broken unit file",
        ),
        pytest.param(systemd.reload, unit("inactive"), "enabled", "does not run", id="38 reload of what does not run"),
        pytest.param(systemd.reload, unit(CanReload="no"), "enabled", "systemd.restart", id="38 no ExecReload"),
    ],
)
def test_what_cannot_be_is_refused_with_what_helps(act, shown, enabled, why):
    host = host_with(shown, enabled)
    with pytest.raises(ActionFailed, match=why):
        act(host, name=["web"])
    assert host.changes == []


def test_40_a_template_needs_an_instance():
    with pytest.raises(ActionFailed, match="web@one"):
        systemd.start(host_with(), name=["web@"])


def test_40_a_changed_unit_file_is_read_before_the_unit_is_acted_on():
    host = host_with(unit(NeedDaemonReload="yes"))
    systemd.restart(host, name=["web"])
    assert host.verbs == ["daemon-reload", "restart"]


def test_40_an_alias_is_enabled_by_its_real_name():
    host = FakeHost({
        "systemctl show": unit(),
        "systemctl is-enabled -- httpd": "alias\n",
        "systemctl is-enabled -- web.service": Done(1, b"disabled\n", b""),
    })
    systemd.enable(host, name=["httpd"])
    assert host.changes == ["systemctl enable web.service"]


def test_40_what_is_enabled_twice_is_disabled_twice():
    class Bound(FakeHost):
        """A unit that is enabled for good and, below that, until the next boot."""

        def __init__(self) -> None:
            super().__init__({"systemctl show": unit()})
            self.states = ["enabled", "enabled-runtime", "disabled"]

        def run(self, *argv: str, **more: object) -> Done:
            done = super().run(*argv, **more)  # type: ignore[arg-type]  # what it was called with
            return Done(0, self.states.pop(0).encode(), b"") if "is-enabled" in argv else done

    host = Bound()
    systemd.disable(host, name=["web"])
    assert host.changes == ["systemctl disable web", "systemctl disable --runtime web"]


def test_a_unit_that_fails_right_after_its_start_is_a_failure():
    with pytest.raises(ActionFailed, match="failed right after its start"):
        systemd.start(host_with(unit("failed")), name=["web"])


def test_a_start_that_fails_shows_the_end_of_the_journal():
    host = FakeHost({"systemctl show": unit("inactive"), "systemctl start": 1, "journalctl": "bind: address in use\n"})
    with pytest.raises(ActionFailed, match="bind: address in use"):
        systemd.start(host, name=["web"])


def test_40_where_no_manager_runs_enabling_works_and_starting_tells():
    offline = Done(1, b"", b"System has not been booted with systemd as init system (PID 1). Can't operate.")
    host = FakeHost({"systemctl is-enabled": Done(1, b"disabled\n", b""), "systemctl show": offline})
    systemd.enable(host, name=["web"])
    systemd.mask(host, name=["web"])
    assert host.verbs == ["enable", "mask"]
    with pytest.raises(ActionFailed, match="not been booted with systemd"):
        systemd.start(host, name=["web"])


def test_create_service_notes_the_file_and_the_reload_in_check_mode():
    host = FakeHost(check=True, diff=True)
    systemd.create_service(host, name="web", exec_start="/opt/web/run", after=["network.target"])
    assert host.changes == ["write /etc/systemd/system/web.service", "systemctl daemon-reload"]
    assert "+ExecStart=/opt/web/run\n" in host.diffs[0]["text"]
    assert "+After=network.target\n" in host.diffs[0]["text"]


@pytest.mark.parametrize("arguments", [{}, {"exec_start": "/bin/true", "content": "[Unit]\n"}], ids=["neither", "both"])
def test_create_service_takes_either_a_command_or_a_content(arguments):
    with pytest.raises(BadArguments, match="either exec_start or content"):
        systemd.create_service(FakeHost(), name="web", **arguments)


@pytest.mark.parametrize("name", ["", "a/b", "../x", "-x", "a b"])
def test_what_cannot_be_a_units_name_is_refused(name):
    with pytest.raises(BadArguments, match="cannot be the name"):
        unitfile.file_name(name, ".service")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        pytest.param({"A": "x", "B": None, "C": ""}, "[S]\nA=x\n", id="what is not set is left out"),
        pytest.param({"A": ["x", "y"]}, "[S]\nA=x\nA=y\n", id="a list is several lines"),
        pytest.param({"A": True, "B": 5}, "[S]\nA=true\nB=5\n", id="other values"),
        pytest.param({}, "", id="an empty section"),
    ],
)
def test_a_section_is_rendered(settings, text):
    assert unitfile.render({"S": settings}) == text


@pytest.mark.parametrize("settings", [{"A": "x\nUser=root"}, {"A\nB": "x"}, {"A=": "x"}])
def test_no_value_can_become_another_setting(settings):
    with pytest.raises(BadArguments, match="takes one line"):
        unitfile.render({"S": settings})


def test_environment_values_are_quoted():
    assert unitfile.environment({"A": 'x "y" \\ 5%'}) == ['"A=x \\"y\\" \\\\ 5%%"']


def test_status_leaves_out_numbers_that_systemd_does_not_know():
    shown = unit(NRestarts="3", MemoryCurrent="[not set]", TasksCurrent="18446744073709551615", Description="Web")
    status = systemd.status(host_with(shown), name="web")
    assert (status["restarts"], status["description"]) == (3, "Web")
    assert not {"memory", "tasks"} & set(status)


class Fleet(FakeHost):
    """A host with these units: name → active, enablement. One that is to fail is left as it was."""

    def __init__(self, units, *, failing=(), check=False):
        super().__init__(check=check)
        self.units = {name: list(how) for name, how in units.items()}
        self.failing = failing
        self.clock = 1

    def run(self, *argv, stdin=b"", cwd=None):
        self.commands.append(" ".join(argv))
        names = argv[argv.index("--") + 1 :] if "--" in argv else []
        if argv[1] == "show":
            blocks = [self._shown(name) for name in names]
            return Done(0, "\n".join(blocks).encode(), b"")
        if argv[1] == "is-enabled":
            return self._enablement(names)
        return Done(0, b"", b"")

    def _shown(self, name):
        if name not in self.units:
            return unit("inactive", "not-found", Id=name)
        active, _, since = [*self.units[name], 0][:3]
        return unit(active, Id=name, StateChangeTimestampMonotonic=str(since))

    def _enablement(self, names):
        """As systemd 252 does it: it stops at the first unit that is not there."""
        there = list(itertools.takewhile(lambda name: name in self.units, names))
        words = "".join(self.units[name][1] + "\n" for name in there)
        missing = b"Failed to get unit file state: No such file or directory" if len(there) < len(names) else b""
        return Done(1 if missing else 0, words.encode(), missing)

    def change(self, *argv, stdin=b"", env=None, note="", fine=(0,)):
        if not self.check:
            for name in [name for name in argv[argv.index("--") + 1 :] if name not in self.failing]:
                self.clock += 1
                state = self.units[name]
                now = {"start": "active", "restart": "active", "stop": "inactive"}.get(argv[1], state[0])
                bound = {"enable": "enabled", "disable": "disabled"}.get(argv[1], state[1])
                self.units[name] = [now, bound, self.clock]
            if set(self.failing) & set(argv):
                raise ActionFailed(f"{' '.join(argv)}: a job failed")
        return super().change(*argv, note=note)


MANY = [f"u{number}" for number in range(30)]


@pytest.mark.parametrize(
    ("act", "looks", "made"),
    [
        pytest.param(systemd.running, ["show", "is-enabled", "show"], ["enable", "start"], id="running"),
        pytest.param(systemd.start, ["show", "show"], ["start"], id="start"),
        pytest.param(systemd.stop, ["show"], [], id="stopped already"),
        pytest.param(systemd.restart, ["show", "show"], ["restart"], id="restart"),
        pytest.param(systemd.enable, ["is-enabled"], ["enable"], id="enable"),
        pytest.param(systemd.disable, ["is-enabled"], [], id="disabled already"),
        pytest.param(systemd.mask, ["is-enabled"], ["mask"], id="mask"),
        pytest.param(systemd.is_active, ["show"], [], id="is_active"),
        pytest.param(systemd.is_enabled, ["is-enabled"], [], id="is_enabled"),
        pytest.param(systemd.status, ["show"], [], id="status"),
    ],
)
def test_thirty_units_cost_as_many_commands_as_one(act, looks, made):
    for names in (MANY, MANY[:1]):
        host = Fleet(dict.fromkeys(MANY, ("inactive", "disabled")))
        act(host, name=names)
        assert [line.split()[1] for line in host.commands] == looks
        assert [line.split()[1] for line in host.made] == made


def test_thirty_units_that_are_as_they_shall_be_cost_two_looks():
    host = Fleet(dict.fromkeys(MANY, ("active", "enabled")))
    told = systemd.running(host, name=MANY)
    assert len(host.commands) == 2
    assert host.changes == []
    assert not any(one["changed"] for one in told["units"].values())


def test_of_many_units_only_those_that_differ_are_changed_and_told_so():
    host = Fleet({"a": ("active", "enabled"), "b": ("inactive", "enabled"), "c": ("active", "disabled")})
    told = systemd.running(host, name=["a", "b", "c", "b"])
    assert host.changes == ["systemctl enable c", "systemctl start b"]
    assert {name: (one["active"], one["changed"]) for name, one in told["units"].items()} == {
        "a": ("active", False), "b": ("active", True), "c": ("active", True),
    }  # fmt: skip


@pytest.mark.parametrize("act", [systemd.running, systemd.start, systemd.enable, systemd.mask, systemd.status])
def test_none_of_several_units_is_touched_when_one_is_not_there(act):
    host = Fleet({"a": ("inactive", "disabled")})
    with pytest.raises(ActionFailed, match="there is no unit x and no unit y"):
        act(host, name=["a", "x", "y"])
    assert host.made == []


def test_of_several_units_those_that_were_started_beside_one_that_fails_are_told():
    host = Fleet(dict.fromkeys("abc", ("inactive", "enabled")), failing=["b"])
    with pytest.raises(ActionFailed, match="systemctl start -- a b c: a job failed"):
        systemd.start(host, name=["a", "b", "c"])
    assert host.changes == ["systemctl start a", "systemctl start c"]
    host = Fleet(dict.fromkeys("ab", ("inactive", "disabled")), failing=["b"])
    with pytest.raises(ActionFailed):
        systemd.enable(host, name=["a", "b"])
    assert host.changes == ["systemctl enable a"]


def test_no_units_are_nothing_to_do():
    host = Fleet({})
    assert systemd.running(host, name=[]) == {"units": {}}
    assert host.commands == []


@pytest.mark.parametrize("name", ["", "ssh*", "a[bc]"])
def test_a_pattern_is_no_unit(name):
    with pytest.raises(BadArguments, match="cannot be the name of a unit"):
        systemd.stop(host_with(), name=[name])


def test_a_single_unit_is_told_beside_the_table_of_units():
    told = systemd.start(host_with(unit("active")), name=["web"])
    assert (told["pid"], told["units"]["web"]["pid"]) == (42, 42)


@pytest.mark.parametrize(
    ("socket", "made"), [("active", "systemctl restart -- ssh"), ("inactive", "systemctl reload -- ssh")]
)
def test_an_ssh_server_of_a_socket_is_started_anew_as_a_reload_would_end_it(socket, made):
    shown = unit(Id="ssh.service", TriggeredBy="ssh.socket")
    host = FakeHost({"systemctl show": shown, f"systemctl show -p {PROPERTIES} -- ssh.socket": unit(socket)})
    systemd.reload(host, name=["ssh"])
    assert host.made == [made]
