"""Jobs of cron: in the crontab of a user, or in a file of /etc/cron.d.

A job is known by its name, which stands as a comment above it (in Ansible's form, so its jobs are known, too). Other
lines, comments and variables stay as they are. A crontab is read and written by `crontab`, as cron wants it.
"""

import os
import re

from sloth.runtime import crontab, files
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.crontab import Crontab, Entry
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.host import last_words
from sloth.runtime.place import locate, raw
from sloth.runtime.privilege import become_hint

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_FOLDER, _SYSTEM = "/etc/cron.d", "/etc/crontab"
_OWNER = 0  # cron reads only what belongs to root
_FILE_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
_NOTHING = re.compile(r"no crontab for|can't open")
_SYNONYMS = {"command": ("job", "cmd"), "schedule": ("special_time", "special", "time"), "cron_file": ("file",)}
_SINGLE = re.compile(r"[\n\r\0]")


class _Table:
    """One crontab on the host: a user's own, or a file of /etc/cron.d."""

    def __init__(self, host: "Host", user: "str | None", cron_file: "str | None") -> None:
        self._host = host
        self._whose = ["-u", user] if user else []
        self._path = None if cron_file is None else _path(cron_file)
        self._shown = self._path or f"crontab of {user or 'the current user'}"
        self.before = self._read()
        self.content = Crontab(self.before, has_users=self._path is not None)
        self._same = self.content.text

    def keep(self) -> None:
        """Write it if it differs; an empty file of /etc/cron.d goes."""
        host, text = self._host, self.content.text
        if text == self._same:
            return
        if self._path is None:
            host.show(self._shown, self.before.encode(), text.encode())
            host.change("crontab", *self._whose, "-", stdin=text, note=f"change the {self._shown}")
        elif self.content.is_empty and self._path != _SYSTEM:
            with locate(self._path) as place:
                files.remove(host, place)
        else:
            files.ensure(host, self._path, raw(text), Wanted("0644", _OWNER, _OWNER))

    def _read(self) -> str:
        if self._path is not None:
            if not os.path.exists(raw(self._path)):
                return ""
            with locate(self._path, follow=True) as place:
                return (files.read(self._host, place) or b"").decode("utf-8", "surrogateescape")
        if not self._host.has("crontab"):
            raise ActionFailed('there is no crontab on this host: pkg.install("cron") brings one')
        done = self._host.run("crontab", *self._whose, "-l")
        if not done.ok and not _NOTHING.search(done.err):
            raise ActionFailed(f"crontab -l: {last_words(done)}{become_hint([done.err])}")
        return done.out if done.ok else ""


def _path(cron_file: str) -> str:
    if cron_file == _SYSTEM:
        return cron_file
    name = cron_file[len(_FOLDER) + 1 :] if cron_file.startswith(_FOLDER + "/") else cron_file
    if not _FILE_NAME.match(name):
        raise BadArguments(f"cron_file {cron_file!r}: cron reads only names of letters, digits, _ and - in {_FOLDER}")
    return f"{_FOLDER}/{name}"


def _one_line(what: str, text: str) -> str:
    if _SINGLE.search(text) or not text.strip():
        raise BadArguments(f"cron: {what} has to be one line that is not empty, got {text!r}")
    return text


@action(synonyms=_SYNONYMS, diff=True)
def add(
    host: "Host",
    *,
    name: str,
    schedule: "str | None" = None,
    command: str,
    minute: str = "*",
    hour: str = "*",
    day: str = "*",
    month: str = "*",
    weekday: str = "*",
    user: "str | None" = None,
    disabled: bool = False,
    cron_file: "str | None" = None,
    env: "dict[str, str] | None" = None
) -> None:
    """Make sure that cron runs a command at these times.

    command: the command line; cron reads a % in it as the end of a line, so write \\%
    schedule: five fields ("30 2 * * mon-fri"), or reboot, hourly, daily, weekly, monthly, yearly
    minute: in place of schedule: 0-59, and as in a crontab lists, spans and steps such as */5
    hour: 0-23
    day: of the month, 1-31
    month: 1-12
    weekday: 0-7, Sunday is both 0 and 7, or sun, mon …
    user: whose crontab; with cron_file who runs it (root when not given)
    disabled: keep the job, but as a comment
    env: variables for all jobs of this crontab
    as in remove: name, cron_file

    example: cron.add { name = "backup", schedule = "30 2 * * *", command = "/usr/local/bin/backup", user = "root" }
    example: cron.add { name = "report", minute = "*/15", command = "report.sh", user = "app", cron_file = "app" }
    """
    when = schedule if schedule is not None else f"{minute} {hour} {day} {month} {weekday}"
    runner = (user or "root") if cron_file is not None else ""
    entry = Entry(_one_line("name", name), crontab.schedule(when), _one_line("command", command), runner, disabled)
    table = _Table(host, None if cron_file else user, cron_file)
    for variable, value in sorted((env or {}).items()):
        _set(table, variable, value)
    table.content.put(entry)
    table.keep()


@action(synonyms={"cron_file": ("file",)}, diff=True)
def remove(host: "Host", *, name: str, user: "str | None" = None, cron_file: "str | None" = None) -> None:
    """Make sure that there is no job of this name; a file of /etc/cron.d that is empty then goes, too.

    name: what the job is known by
    user: whose crontab
    cron_file: a file of /etc/cron.d in place of a user's crontab

    example: cron.remove { name = "backup", user = "root" }
    """
    table = _Table(host, None if cron_file else user, cron_file)
    table.content.drop(name)
    table.keep()


@action(synonyms={"cron_file": ("file",)}, diff=True)
def enable(host: "Host", *, name: str, user: "str | None" = None, cron_file: "str | None" = None) -> None:
    """Make sure that a job runs, if it was disabled.

    as in remove: name, user, cron_file

    example: cron.enable("backup")
    """
    _turn(host, name, user, cron_file, disabled=False)


@action(synonyms={"cron_file": ("file",)}, diff=True)
def disable(host: "Host", *, name: str, user: "str | None" = None, cron_file: "str | None" = None) -> None:
    """Make sure that a job does not run; it stays as a comment.

    as in remove: name, user, cron_file

    example: cron.disable("backup")
    """
    _turn(host, name, user, cron_file, disabled=True)


@action(synonyms={"cron_file": ("file",)}, diff=True)
def env(
    host: "Host", *, name: str, value: "str | None" = None, user: "str | None" = None, cron_file: "str | None" = None
) -> None:
    """Make sure that a variable of a crontab has a value, or is not there.

    name: the variable
    value: its value; without one the variable goes
    as in remove: user, cron_file

    example: cron.env { name = "MAILTO", value = "ops@example.org" }
    """
    table = _Table(host, None if cron_file else user, cron_file)
    _set(table, name, value)
    table.keep()


@action(query=True, synonyms={"cron_file": ("file",)})
def list_(
    host: "Host", *, user: "str | None" = None, cron_file: "str | None" = None
) -> "list[dict[str, object]]":
    """The jobs that have a name: a list of name, schedule, command, disabled, and in /etc/cron.d user.

    as in remove: user, cron_file

    example: for _, job in ipairs(cron.list()) do print(job.name, job.schedule) end
    """
    return [entry.plain() for entry in _Table(host, None if cron_file else user, cron_file).content.entries()]


@action(query=True, synonyms={"cron_file": ("file",)})
def exists(host: "Host", *, name: str, user: "str | None" = None, cron_file: "str | None" = None) -> bool:
    """Whether there is a job of this name, disabled or not.

    as in remove: name, user, cron_file

    example: if not cron.exists("backup") then log.warn("no backup") end
    """
    return _Table(host, None if cron_file else user, cron_file).content.find(name) is not None


@action(query=True)
def validate_schedule(host: "Host", *, schedule: str) -> bool:
    """Whether cron understands a schedule; nil and why when it does not.

    schedule: five fields, or reboot, hourly, daily, weekly, monthly, yearly

    example: local ok, why = cron.validate_schedule("*/5 * * * *")
    """
    del host  # the same everywhere
    try:
        return bool(crontab.schedule(schedule))
    except BadArguments as error:
        raise ActionFailed(error.message) from error  # it is what was asked, and no misuse of this action


def _turn(host: "Host", name: str, user: "str | None", cron_file: "str | None", *, disabled: bool) -> None:
    table = _Table(host, None if cron_file else user, cron_file)
    entry = table.content.find(name)
    if entry is None:
        if not host.is_to_come(f"there is no job {name!r}"):
            raise ActionFailed(f"there is no job {name!r}; cron.add makes one")
        return
    entry.disabled = disabled
    table.content.put(entry)
    table.keep()


def _set(table: _Table, name: str, value: "str | None") -> None:
    if not re.match(r"^[A-Za-z_][A-Za-z0-9_]*$", name):
        raise BadArguments(f"cron: {name!r} is no name of a variable")
    if value is not None and re.search(r"[\n\r\0\"]", value):
        raise BadArguments(f"cron: the value of {name} must be one line without a double quote")
    if table.content.variables().get(name) != value:
        table.content.set_variable(name, value)
