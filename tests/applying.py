"""Applying calls of actions to a lab host through all of sloth: plan, bundle, session, Lua and become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sloth.core.events import Event, LogLine, TaskFinished
from sloth.engine.request import Request, Targets
from sloth.engine.root import apply
from tests.lab.base import RELEASES
from tests.lab.fleet import Lab
from tests.lab.host import Host

on_each_release = pytest.mark.parametrize("release", RELEASES, indirect=True, scope="session")  # see the fixture of that name


@dataclass(frozen=True, slots=True)
class Login:
    """Who a session is. become: whether root does it all; single tasks may become others by method and password too."""

    user: str
    become: bool = False
    become_user: str | None = None
    method: str = "sudo"
    password: str | None = None


ROOT = Login("root")
DEPLOY = Login("deploy")
BECOME = Login("deploy", become=True, password="deploy")  # every host of the lab has it


@dataclass(frozen=True, slots=True)
class Act:
    """One call of an action, `module.action`, with named arguments. name: of the task that makes it."""

    action: str
    named: Mapping[str, object]
    name: str = ""

    @property
    def task(self) -> str:
        """The name of its task."""
        return self.name or self.action

    def lua(self) -> str:
        """The task that makes this call; its output `value` is what the call returned."""
        call = f"{self.action}{lua(self.named)}"
        return f"task({lua(self.task)}):command(function() return true, '', {{ value = ({call}) }} end):build()"


def lua(value: object) -> str:
    """A value as Lua writes it."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"[{lua(key)}] = {lua(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "{ " + ", ".join(map(lua, value)) + " }"
    if isinstance(value, str):
        return '"' + "".join(f"\\{byte:03d}" for byte in value.encode("utf-8", "surrogateescape")) + '"'
    if value is None:
        return "nil"
    return str(value).lower() if isinstance(value, bool) else repr(value)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run on one host."""

    code: int
    events: Sequence[Event]

    @property
    def finished(self) -> dict[str, TaskFinished]:
        """How each task ended."""
        return {event.task: event for event in self.events if isinstance(event, TaskFinished)}

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each task."""
        return {task: event.status for task, event in self.finished.items()}

    def warnings(self, task: str) -> list[str]:
        """What a task was warned of."""
        lines = [event for event in self.events if isinstance(event, LogLine) and event.level == "warning"]
        return [line.text for line in lines if line.task == task]


class Remote:
    """A lab host to which workflows are applied; `folder` is the project's."""

    def __init__(self, lab: Lab, host: Host, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self._inventory = folder / "lab.yml"
        self._inventory.write_text(lab.inventory([host]))

    def run(
        self, workflow: str, login: Login = ROOT, *, check: bool = False, live: bool = False, extra: Sequence[str] = ()
    ) -> Run:
        """Apply a workflow file's text; another run on the host is waited for. extra: variables, as of -e."""
        site = self.folder / "site.sloth"
        site.write_text(workflow)
        targets = Targets(
            inventory=(str(self._inventory),), user=login.user, become=login.become,
            become_user=login.become_user, become_method=login.method, become_password=login.password,
        )  # fmt: skip
        events: list[Event] = []
        code = apply(Request(str(site), targets, check=check, diff=True, live=live, lock_wait=60.0, extra=tuple(extra)), [events.append])
        return Run(code, events)

    def acts(self, acts: Sequence[Act], login: Login = ROOT, *, check: bool = False) -> Run:
        """Make calls in this order, each in a task of its own; one that fails holds no other back."""
        tasks = ",\n  ".join(act.lua() for act in acts)
        return self.run(f"workflow.define('calls'):tasks({{\n  {tasks}\n}})\n", login, check=check)

    def act(self, action: str, /, *, check: bool = False, login: Login = ROOT, **named: object) -> TaskFinished:
        """Make one call."""
        return self.acts([Act(action, named)], login, check=check).finished[action]

    def sh(self, script: str, *words: str) -> str:
        """What a script of the shell prints there, with words as $1 …; past sloth."""
        return self.host.exec("sh", "-c", script, "sh", *words).stdout


@contextmanager
def remote(lab: Lab, host: Host, folder: Path) -> Iterator[Remote]:
    """A host to apply to, with sloth's own files in a home of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLOTH_HOME", str(folder / "home"))
        yield Remote(lab, host, folder)


WATCHED = (
    "cat /etc/passwd /etc/shadow /etc/group; dpkg-query -W; ls -laR /home /etc/systemd/system;"
    "systemctl list-units --all --no-legend --plain --type=service"
)


class Inside:
    """The actions of one host, called by name. watched: a script that prints what check mode may not change."""

    def __init__(self, remote: Remote, watched: str = WATCHED) -> None:
        self.remote = remote
        self.watched = watched
        self.host = remote.host
        self.sh = remote.sh

    def ok(self, action: str, /, *, check: bool = False, login: Login = ROOT, **named: object) -> TaskFinished:
        ended = self.remote.act(action, check=check, login=login, **named)
        assert not ended.failure, ended.message
        return ended

    def value(self, action: str, /, **named: object) -> object:
        return self.ok(action, **named).outputs.get("value")  # type: ignore[arg-type]  # check and login are among them

    def fails(self, action: str, /, *, check: bool = False, login: Login = ROOT, **named: object) -> str:
        ended = self.remote.act(action, check=check, login=login, **named)
        assert ended.status == "failed", f"{action} did not fail"
        return ended.message

    def settles(self, action: str, /, **named: object) -> list[str]:
        """Check mode foretells a change and makes none; then it is made; a second time there is none."""
        before = self.snapshot()
        assert self.ok(action, check=True, **named).status == "would_change"  # type: ignore[arg-type]  # see value
        assert self.snapshot() == before, "check mode changed the host"
        twice = self.remote.acts([Act(action, named, "first"), Act(action, named, "second")]).finished
        assert twice["first"].status == "changed", twice["first"].message
        second = twice["second"]
        assert (second.status, list(second.changes)) == ("ok", []), f"a second run changed something: {second.message}"
        assert self.ok(action, check=True, **named).status == "ok"  # type: ignore[arg-type]  # see value
        return list(twice["first"].changes)

    def snapshot(self) -> str:
        return self.sh(self.watched)
