"""Units: each claim changes only what differs, and says clearly what cannot be.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import pytest

from sloth.runtime import unitfile
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import systemd
from sloth.runtime.process import Done
from tests.doubles import FakeHost


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
    act(host, name="web", **arguments)
    assert host.verbs == changes
    assert not check or host.made == []


def test_a_running_and_enabled_unit_costs_two_looks():
    host = host_with()
    systemd.running(host, name="web")
    assert [line.split()[1] for line in host.commands] == ["show", "is-enabled"]


NOT_FOUND = unit(active="inactive", load="not-found")
NO_STATE = Done(1, b"", b"Failed to get unit file state for web.service: No such file or directory")


@pytest.mark.parametrize(
    "act", [systemd.running, systemd.start, systemd.stop, systemd.restart, systemd.reload, systemd.is_active]
)
def test_39_a_unit_that_is_not_there_fails(act):
    with pytest.raises(ActionFailed, match="there is no unit web"):
        act(host_with(NOT_FOUND), name="web")


@pytest.mark.parametrize(("act", "changes"), [
    (systemd.running, ["enable", "start"]), (systemd.start, ["start"]), (systemd.stop, []),
    (systemd.restart, ["restart"]), (systemd.reload, ["reload"]), (systemd.enable, ["enable"]), (systemd.disable, []),
    (systemd.mask, ["mask"]), (systemd.unmask, []),
])  # fmt: skip
def test_39_check_mode_does_not_know_what_is_done_to_a_unit_that_is_yet_to_come(act, changes):
    host = FakeHost({"systemctl show": NOT_FOUND, "systemctl is-enabled": NO_STATE}, check=True)
    act(host, name="web")
    assert host.verbs == changes
    assert host.unknown
    assert host.warnings == ["there is no unit web (yet), so nobody knows what would be changed"]


@pytest.mark.parametrize("ask", [systemd.is_active, systemd.is_enabled, systemd.status])
def test_a_question_about_a_unit_that_is_not_there_has_no_answer_in_check_mode_either(ask):
    host = FakeHost({"systemctl show": NOT_FOUND, "systemctl is-enabled": NO_STATE}, check=True)
    with pytest.raises(ActionFailed, match="there is no unit web"):
        ask(host, name="web")


@pytest.mark.parametrize("act", [systemd.enable, systemd.disable, systemd.mask, systemd.unmask, systemd.is_enabled])
def test_enablement_of_a_unit_that_is_not_there_fails(act):
    with pytest.raises(ActionFailed, match="there is no unit web"):
        act(FakeHost({"systemctl is-enabled": NO_STATE}), name="web")


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
        act(host, name="web")
    assert host.changes == []


def test_40_a_template_needs_an_instance():
    with pytest.raises(ActionFailed, match="web@one"):
        systemd.start(host_with(), name="web@")


def test_40_a_changed_unit_file_is_read_before_the_unit_is_acted_on():
    host = host_with(unit(NeedDaemonReload="yes"))
    systemd.restart(host, name="web")
    assert host.verbs == ["daemon-reload", "restart"]


def test_40_an_alias_is_enabled_by_its_real_name():
    host = FakeHost({
        "systemctl show": unit(),
        "systemctl is-enabled -- httpd": "alias\n",
        "systemctl is-enabled -- web.service": Done(1, b"disabled\n", b""),
    })
    systemd.enable(host, name="httpd")
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
    systemd.disable(host, name="web")
    assert host.changes == ["systemctl disable web", "systemctl disable --runtime web"]


def test_a_unit_that_fails_right_after_its_start_is_a_failure():
    with pytest.raises(ActionFailed, match="failed right after its start"):
        systemd.start(host_with(unit("failed")), name="web")


def test_a_start_that_fails_shows_the_end_of_the_journal():
    host = FakeHost({"systemctl show": unit("inactive"), "systemctl start": 1, "journalctl": "bind: address in use\n"})
    with pytest.raises(ActionFailed, match="bind: address in use"):
        systemd.start(host, name="web")


def test_40_where_no_manager_runs_enabling_works_and_starting_tells():
    offline = Done(1, b"", b"System has not been booted with systemd as init system (PID 1). Can't operate.")
    host = FakeHost({"systemctl is-enabled": Done(1, b"disabled\n", b""), "systemctl show": offline})
    systemd.enable(host, name="web")
    systemd.mask(host, name="web")
    assert host.verbs == ["enable", "mask"]
    with pytest.raises(ActionFailed, match="not been booted with systemd"):
        systemd.start(host, name="web")


def test_40_the_users_own_manager_is_asked_through_its_socket():
    shown = {"env XDG_RUNTIME_DIR": unit()}
    host = FakeHost(shown)
    systemd.start(host, name="web", scope="user")
    assert "systemctl --user show" in host.commands[0]


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


def test_list_services_joins_files_and_loaded_units():
    host = FakeHost({
        "systemctl list-unit-files": "web.service enabled enabled\noff.service disabled enabled\n",
        "systemctl list-units": "web.service loaded active running Web\nghost.service not-found inactive dead ghost\n",
    })
    found = {one["name"]: (one["active"], one["enabled"]) for one in systemd.list_services(host)}
    assert found == {
        "web.service": ("active", "enabled"),
        "off.service": ("inactive", "disabled"),
        "ghost.service": ("inactive", ""),
    }
