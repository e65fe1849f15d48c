"""Secrets without their values, the one value that was asked for, and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import to_builtins

from sloth.cli.render import problems
from sloth.cli.render.format import Format
from sloth.cli.render.notes import say, standard_output
from sloth.cli.render.screen import Part
from sloth.cli.render.wording import moment
from sloth.core.near import near
from sloth.core.sealed import SECRET_TAG
from sloth.engine.masking import can_be_hidden
from sloth.secrets.trail import Entry
from sloth.secrets.vault import Listed


def show_value(value: str) -> None:
    """The value as it is; where it has no line end of its own, one follows."""
    standard_output().exact((value if value.endswith("\n") else value + "\n").encode())


def show_set(versions: Mapping[str, int], values: Mapping[str, str]) -> None:
    """What was set."""
    for name, version in versions.items():
        say((name, "bold"), f"  version {version}")
        if not can_be_hidden(values[name]):
            hint = f"it may be any word or number, so results show it; `sloth secrets rotate {name}` makes a long one"
            problems.warn(f"the value of {name} is too short to be masked", hint=hint)
    if not versions:
        say("nothing has changed")


def show_names(secrets: Sequence[Listed], environment: str, others: Sequence[str], form: Format) -> None:
    """All secrets of an environment. others: environments that there are."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"environment": environment, "secrets": [to_builtins(one) for one in secrets]})
        return
    if not secrets:
        hint = near(environment, others) or (f"others: {', '.join(others)}" if others else "")
        screen.line(f"there are no secrets in the environment {environment!r}", f"; {hint}" if hint else "")
        return
    rows: list[list[Part]] = [[(head, "dim") for head in ("name", "version", "set", "by")]]
    rows += [[(one.name, "bold"), str(one.version), _when(one.set), (one.by, "dim")] for one in secrets]
    screen.table(rows)


def show_deleted(names: Sequence[str]) -> None:
    """Secrets that are no more."""
    for name in names:
        say("deleted ", (name, "bold"))


def show_rotated(count: int, environment: str) -> None:
    """A key that is new."""
    say(f"{count} values of the environment {environment!r} are encrypted with a new key")


def show_trail(entries: Sequence[Entry], form: Format) -> None:
    """Who did what, oldest first."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"entries": [to_builtins(entry) for entry in entries]})
        return
    rows: list[list[Part]] = [[(head, "dim") for head in ("when", "who", "what", "by", "secret")]]
    for entry in entries:
        secret = f"{entry.name} (version {entry.version})" if entry.name else "all"
        rows.append([_when(entry.when), entry.who, (entry.what, "bold"), (entry.by, "dim"), secret])
    screen.table(rows)
    screen.line((f"verified: {len(entries)} entr{'y' if len(entries) == 1 else 'ies'}", "green"))


def _when(iso: str) -> str:
    """A time as it is kept, on the clock of who looks."""
    try:
        return moment(datetime.fromisoformat(iso).timestamp())
    except ValueError:
        return iso  # nobody has verified the list


def show_string(name: str, text: str, *, toml: bool) -> None:
    """A variable with an encrypted value."""
    lines = text.splitlines()
    if toml:
        made = [f'{name} = {{ "{SECRET_TAG}" = """', *lines, '""" }', ""]
    else:
        made = [f"{name}: {SECRET_TAG} |", *(f"  {line}" for line in lines), ""]
    standard_output().raw("\n".join(made))
