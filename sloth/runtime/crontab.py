"""The text of crontabs: entries known by a comment above them, variables, and all else kept to the byte."""

import re

from sloth.runtime.failure import BadArguments

MARK = "#Ansible: "  # as Ansible writes it, so that what it made is known here, too
OFF = "#"
SPECIALS = ("reboot", "yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly")
_RANGES = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_NAMES = {
    "month": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    "weekday": ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_VARIABLE = re.compile(r"^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$")


class Entry:
    """One job. `user` is there in files of /etc/cron.d only."""

    def __init__(self, name: str, schedule: str, command: str, user: str = "", disabled: bool = False) -> None:
        self.name = name
        self.schedule = schedule
        self.command = command
        self.user = user
        self.disabled = disabled

    def line(self) -> str:
        """As the crontab has it."""
        words = [self.schedule, *([self.user] if self.user else []), self.command]
        return (OFF if self.disabled else "") + " ".join(words)

    def plain(self) -> "dict[str, object]":
        """For the caller in Lua."""
        fields = {"name": self.name, "schedule": self.schedule, "command": self.command, "disabled": self.disabled}
        return dict(fields, user=self.user) if self.user else fields


class Crontab:
    """A crontab's text. has_users: whether its jobs name a user, as those of /etc/cron.d do."""

    def __init__(self, text: str, has_users: bool) -> None:
        self._lines = text.split("\n")[: None if text and not text.endswith("\n") else -1]
        self._has_users = has_users

    @property
    def text(self) -> str:
        """All of it, with its final newline."""
        return "".join(line + "\n" for line in self._lines)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it, not even a comment."""
        return not any(line.strip() for line in self._lines)

    def entries(self) -> "list[Entry]":
        """The jobs that have a name."""
        found = [self._entry(at) for at, line in enumerate(self._lines) if line.startswith(MARK)]
        return [entry for entry in found if entry is not None]

    def find(self, name: str) -> "Entry | None":
        """The job of this name."""
        return next((entry for entry in self.entries() if entry.name == name), None)

    def put(self, entry: Entry) -> None:
        """Set a job: in the place of the one of its name, else at the end."""
        at = self._place(entry.name)
        if at is None:
            self._lines += [MARK + entry.name, entry.line()]
        elif self._entry(at) is None:
            self._lines.insert(at + 1, entry.line())
        else:
            self._lines[at + 1] = entry.line()

    def drop(self, name: str) -> None:
        """Take a job and its comment away."""
        at = self._place(name)
        if at is not None:
            del self._lines[at : at + (1 if self._entry(at) is None else 2)]

    def variables(self) -> "dict[str, str]":
        """The variables that are set."""
        found = [match.groups() for match in map(_VARIABLE.match, self._lines) if match is not None]
        return {name: unquoted(value) for name, value in found}

    def set_variable(self, name: str, value: "str | None") -> None:
        """Set a variable, in its place or at the top; None takes it away."""
        places = [
            at for at, line in enumerate(self._lines)
            for match in [_VARIABLE.match(line)] if match is not None and match.group(1) == name
        ]
        new = [] if value is None else [f'{name}="{value}"']
        if places:
            self._lines[places[0] : places[0] + 1] = new
            for at in reversed(places[1:]):
                del self._lines[at + len(new) - 1]
        else:
            self._lines[:0] = new

    def _place(self, name: str) -> "int | None":
        return next((at for at, line in enumerate(self._lines) if line == MARK + name), None)

    def _entry(self, at: int) -> "Entry | None":
        """The job below a comment at this line; None when there is none."""
        if at + 1 >= len(self._lines) or self._lines[at + 1].startswith(MARK):
            return None
        line = self._lines[at + 1]
        disabled = line.startswith(OFF)
        words = (line[len(OFF) :] if disabled else line).strip()
        times = 1 if words.startswith("@") else 5
        parts = words.split(None, times + (1 if self._has_users else 0))
        if len(parts) <= times + (1 if self._has_users else 0):
            return None
        user = parts[times] if self._has_users else ""
        return Entry(self._lines[at][len(MARK) :], " ".join(parts[:times]), parts[-1], user, disabled)


def unquoted(value: str) -> str:
    """A variable's value without the quotes around it."""
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def schedule(text: str) -> str:
    """A schedule as cron reads it: five fields or a word such as @daily. BadArguments tells what is wrong."""
    words = text.split()
    if len(words) == 1:
        word = words[0].lstrip("@").lower()
        if word not in SPECIALS:
            known = ", ".join("@" + one for one in SPECIALS)
            raise BadArguments(f"{text!r} is no schedule: five fields, or one of {known}")
        return "@" + word
    if len(words) != len(_RANGES):
        wants = "it wants 5: minute hour day month weekday"
        raise BadArguments(f"{text!r} is no schedule: it has {len(words)} fields, and {wants}")
    for word, (name, low, high) in zip(words, _RANGES):
        for part in word.split(","):
            _check(part, name, low, high)
    return " ".join(words)


def _check(part: str, name: str, low: int, high: int) -> None:
    span, slash, step = part.partition("/")
    bad = BadArguments(f"{part!r} is no {name}: it wants *, numbers from {low} to {high}, a-b, or a step such as */5")
    if slash and not (step.isdigit() and int(step) > 0):
        raise bad
    if span == "*":
        return
    ends = [_number(end, name) for end in span.split("-")]
    if not all(low <= end <= high for end in ends) or ends != sorted(ends):
        raise bad
    if len(ends) > 2 or (slash and len(ends) < 2):
        raise bad


def _number(word: str, name: str) -> int:
    names = _NAMES.get(name, ())
    if word.lower() in names:
        return names.index(word.lower()) + (1 if name == "month" else 0)
    return int(word) if word.isdigit() and len(word) < 4 else -1
