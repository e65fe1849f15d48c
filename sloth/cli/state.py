"""`sloth state`: values and locks that outlive runs."""

from __future__ import annotations

import json
import sys
from typing import Annotated

from typer import Argument, Option

from sloth.cli.command import application
from sloth.cli.options import FormatOption, length
from sloth.cli.render import leases, states
from sloth.cli.render.format import Format
from sloth.core.errors import StateError, UsageError
from sloth.core.near import near
from sloth.engine import keeping
from sloth.engine.jobs import person
from sloth.store import State, lock_name

app = application("Values and locks that outlive runs.")

Namespace = Annotated[str, Option("--namespace", "-n", metavar="NAME", help="The namespace of the key.")]
Key = Annotated[str, Argument(metavar="KEY", help="The key.")]
Prefix = Annotated[str, Argument(metavar="PREFIX", show_default=False, help="What the keys begin with.")]
ValueArgument = Annotated[
    str, Argument(metavar="VALUE", help="JSON, or else a string; `-` reads it from standard input.")
]
AsText = Annotated[bool, Option("--string", help="The value is a string, also where it reads like JSON.")]
Ttl = Annotated[str | None, Option("--ttl", metavar="TIME", help="How long it lives: `90s`, `12h`.")]
IfVersion = Annotated[int | None, Option("--version", metavar="NUMBER", help="Only if it has this version.")]
LockName = Annotated[str, Argument(metavar="NAME", help="The name of the lock.")]


@app.command()
def get(
    key: Key,
    namespace: Namespace = "default",
    default: Annotated[str | None, Option("--default", metavar="VALUE", help="What to print without a value.")] = None,
    form: FormatOption = Format.TEXT,
) -> int:
    """Print the value of a key.

    With --format json also its version, its owner, and when it was created and changed.

    \b
    example: sloth state get app/version
             sloth state get app/version --format json
    """
    state = keeping.state()
    entry = state.get(namespace, key)
    if entry is None and default is None:
        hint = _near(key, namespace, state) or f"`sloth state keys -n {namespace}` lists all"
        raise StateError(f"there is no key {key!r} in {namespace!r}", hint=hint)
    states.show_value(entry, default, form)
    return 0


@app.command("set")
def set_(
    key: Key,
    value: ValueArgument,
    namespace: Namespace = "default",
    ttl: Ttl = None,
    version: IfVersion = None,
    text: AsText = False,
    form: FormatOption = Format.TEXT,
) -> int:
    """Give a key its value.

    Ends with 2 when --version does not hold; 0 wants a key that is not there.

    \b
    example: sloth state set app/version 1.4.2 --string
             sloth state set limits '{"cpu": 4}' --ttl 1h
    """
    read, state, seconds = _value(value, text=text), keeping.state(), _ttl(ttl)
    if version is None:
        entry = state.set(namespace, key, read, ttl=seconds)
    else:
        entry = state.cas(namespace, key, read, version=version, ttl=seconds)
    states.show_entry(entry, form)
    return 0


@app.command()
def cas(
    key: Key,
    expected: Annotated[str, Argument(metavar="EXPECTED", help="The value that it must have: JSON, or else a string.")],
    value: ValueArgument,
    namespace: Namespace = "default",
    ttl: Ttl = None,
    text: AsText = False,
    form: FormatOption = Format.TEXT,
) -> int:
    """Give a key a new value if it has the expected one.

    Ends with 2 when it has another. `null` expects that there is none.

    \b
    example: sloth state cas leader null web1
             sloth state cas app/colour blue green
    """
    entry = keeping.state().cas(
        namespace, key, _value(value, text=text), expected=_value(expected, text=text), ttl=_ttl(ttl)
    )
    states.show_entry(entry, form)
    return 0


@app.command()
def delete(key: Key, namespace: Namespace = "default", version: IfVersion = None) -> int:
    """Remove a key. Ends with 2 when --version does not hold.

    \b
    example: sloth state delete app/version
    """
    state = keeping.state()
    was_there = state.delete(namespace, key, version=version)
    states.show_deleted(key, was_there, "" if was_there else _near(key, namespace, state))
    return 0


@app.command("list")
def list_(prefix: Prefix = "", namespace: Namespace = "default", form: FormatOption = Format.TEXT) -> int:
    """List keys with their values.

    \b
    example: sloth state list app/
    """
    state = keeping.state()
    found = state.list(namespace, prefix)
    states.show_entries(found, form)
    if not found:
        states.show_none(namespace, state.namespaces(), form)
    return 0


@app.command()
def keys(prefix: Prefix = "", namespace: Namespace = "default", form: FormatOption = Format.TEXT) -> int:
    """List keys.

    \b
    example: sloth state keys app/
    """
    states.show_keys([entry.key for entry in keeping.state().list(namespace, prefix)], form)
    return 0


@app.command()
def incr(
    key: Key,
    by: Annotated[str, Argument(metavar="NUMBER", help="What to add; may be negative, after `--`.")] = "1",
    namespace: Namespace = "default",
    ttl: Ttl = None,
    form: FormatOption = Format.TEXT,
) -> int:
    """Add to a number, which begins as 0, and print the sum.

    \b
    example: sloth state incr builds
             sloth state incr free -- -2
    """
    number = _value(by, text=False)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise UsageError(f"NUMBER wants a number, got {by!r}")
    states.show_value(keeping.state().incr(namespace, key, number, ttl=_ttl(ttl)), None, form)
    return 0


@app.command()
def lock(
    name: LockName,
    ttl: Annotated[str, Option("--ttl", metavar="TIME", help="How long it is ours.")] = "60s",
    wait: Annotated[str, Option("--wait", metavar="TIME", help="How long to wait for it.")] = "0s",
    owner: Annotated[str | None, Option("--owner", metavar="NAME", help="Who has it (default: who runs this).")] = None,
    form: FormatOption = Format.TEXT,
) -> int:
    """Take a lock and print its token, which unlock wants. Ends with 6 when someone else has it.

    The token is greater than all before it: what guards something elsewhere can refuse smaller ones.

    \b
    example: token=$(sloth state lock deploy --ttl 10m --wait 30s)
             sloth state unlock deploy --token "$token"
    """
    seconds, patience = length(ttl, "--ttl"), length(wait, "--wait")
    lease = keeping.locks().acquire(lock_name(name), owner or person(), ttl=seconds, wait=patience)
    leases.show_token(lease, form)
    return 0


@app.command()
def unlock(
    name: LockName,
    token: Annotated[int | None, Option("--token", metavar="NUMBER", help="The token that `lock` printed.")] = None,
    force: Annotated[bool, Option("--force", help="Take it away from whoever has it; this is kept on record.")] = False,
    reason: Annotated[str, Option("--reason", metavar="TEXT", help="Why, for the record.")] = "",
) -> int:
    """Give a lock back, or take it away with --force. Ends with 6 when it was lost before.

    \b
    example: sloth state unlock deploy --token 42
             sloth state unlock deploy --force --reason 'her laptop is gone'
    """
    if force == (token is not None):
        raise UsageError("unlock wants either --token or --force", hint="`sloth locks` shows who has it")
    if token is None:
        leases.show_forced(name, keeping.force(name, reason), keeping.held())
    else:
        keeping.give_back(name, token)
        leases.show_given_back(name)
    return 0


@app.command()
def watch(prefix: Prefix = "", namespace: Namespace = "default", form: FormatOption = Format.TEXT) -> int:
    """Show changes as they happen, until Ctrl-C.

    \b
    example: sloth state watch app/ --format json
    """
    from sloth.store import watch as changes

    for seen in changes(keeping.state(), namespace, prefix):
        if not states.show_seen(seen, form):
            break
    return 0


@app.command()
def stats(form: FormatOption = Format.TEXT) -> int:
    """Show how much there is, by namespace.

    \b
    example: sloth state stats
    """
    states.show_stats(keeping.state().stats(), form)
    return 0


@app.command()
def export(
    namespace: Annotated[
        str | None, Option("--namespace", "-n", metavar="NAME", help="Only this namespace (default: all).")
    ] = None,
) -> int:
    """Print everything as JSON lines, which import reads.

    \b
    example: sloth state export > state.jsonl
    """
    state = keeping.state()
    for name in state.namespaces() if namespace is None else [namespace]:
        states.show_entries(state.list(name), Format.JSON)
    return 0


@app.command("import")
def import_(
    file: Annotated[str, Argument(metavar="FILE", help="What export printed; `-` is standard input.")],
) -> int:
    """Take over what export printed.

    It takes the place of what is there: all of it, or nothing when a line is wrong.

    \b
    example: sloth state import state.jsonl
    """
    states.show_imported(keeping.import_state(file))
    return 0


def _near(key: str, namespace: str, state: State) -> str:
    return near(key, [one.key for one in state.list(namespace)])


def _value(written: str, *, text: bool) -> object:
    written = sys.stdin.read() if written == "-" else written
    if text:
        return written
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return written


def _ttl(written: str | None) -> float | None:
    return None if written is None else length(written, "--ttl")
