"""What `sloth.toml` and the environment say where the command line is silent.

The file is the first of: the one that SLOTH_CONFIG names; sloth.toml in the working directory or
above it, up to the project's root (.git) or the home directory; $XDG_CONFIG_HOME/sloth/sloth.toml;
/etc/sloth/sloth.toml. An environment variable wins over the file. Files are not merged: what holds
stands in one place. Whoever may write the file says where runs go, so one that everybody may write
is refused.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from msgspec import Struct
from msgspec.structs import replace

from sloth.core import sizes, varsfile
from sloth.core.connection import HostKeys
from sloth.core.errors import InventoryError, SettingsError
from sloth.core.near import near
from sloth.core.userpath import user_path
from sloth.runtime.coercion import seconds

FILE_NAME = "sloth.toml"
DEFAULT = "default"
_SYSTEM_FILE = Path("/etc/sloth") / FILE_NAME
_SOURCE = re.compile(r"([^/:@]*@)?((?:key|file):)?(.*)", re.DOTALL)
_ELSEWHERE = re.compile("(?:fd|env|command):")
_HOST_KEYS = get_args(HostKeys)


class Key(Struct, frozen=True):
    """One setting. read: (what was written, directory of the file) → value, or ValueError "wants …"."""

    name: str
    meaning: str
    read: Callable[[object, Path], Any]
    default: Any = None

    @property
    def variable(self) -> str:
        """The environment variable that wins over the file."""
        return "SLOTH_" + self.name.upper().replace(".", "_")


class Setting(Struct, frozen=True):
    """A value and where it comes from: `default`, a path, or the name of an environment variable."""

    value: Any
    origin: str = DEFAULT


class Settings(Struct, frozen=True):
    """All settings by key."""

    by_key: Mapping[str, Setting]
    file: Path | None = None

    def __getitem__(self, key: str) -> Any:
        return self.by_key[key].value

    def without(self, key: str) -> Settings:
        """These, as if nobody had said anything of that key."""
        default = next(one.default for one in KEYS if one.name == key)
        return replace(self, by_key={**self.by_key, key: Setting(default)})


def load(environ: Mapping[str, str], directory: Path) -> Settings:
    """The settings as they hold for someone who works in `directory`. Raises SettingsError."""
    found = {key.name: Setting(key.default) for key in KEYS}
    file = next((path for path in _candidates(environ, directory)), None)
    if file is not None:
        found |= _from_file(file)
    for key in KEYS:
        if written := environ.get(key.variable):
            found[key.name] = Setting(_read(key, written, directory, key.variable), key.variable)
    return Settings(found, file)


def _candidates(environ: Mapping[str, str], directory: Path) -> Iterator[Path]:
    if named := environ.get("SLOTH_CONFIG"):
        if named != os.devnull:
            yield user_path(named)
        return
    home = Path(environ.get("HOME", "/"))
    configured = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    for path in [*_upward(directory, home), configured / "sloth" / FILE_NAME, _SYSTEM_FILE]:
        if path.is_file():
            yield path


def _upward(directory: Path, home: Path) -> Iterator[Path]:
    for folder in [directory, *directory.parents]:
        yield folder / FILE_NAME
        if folder == home or (folder / ".git").exists():
            return


def _from_file(path: Path) -> dict[str, Setting]:
    try:
        _refuse_writable_by_all(path)
        document = varsfile.parse(path.read_text(encoding="utf-8"), str(path), ".toml")
    except OSError as error:
        raise SettingsError(f"cannot read the configuration: {str(error.strerror).lower()}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"byte {error.start} is no UTF-8", where=str(path)) from error
    except InventoryError as error:
        raise SettingsError(str(error), where=error.where, hint=error.hint) from error
    keys = {key.name: key for key in KEYS}
    found = {}
    for name, written in _flat(document.values):
        where = document.where(*name.split("."))
        if name not in keys:
            hint = near(name, keys) or f"known keys: {', '.join(keys)}"
            raise SettingsError(f"unknown key {name!r}", where=where, hint=hint)
        found[name] = Setting(_read(keys[name], written, path.parent, where), str(path))
    return found


def _refuse_writable_by_all(path: Path) -> None:
    for place in (path, path.resolve().parent):
        if place.stat().st_mode & stat.S_IWOTH:
            raise SettingsError(
                f"everybody may write {place}, so this configuration is not trusted",
                where=str(path),
                hint=f"`chmod o-w {place}`, or name another file with SLOTH_CONFIG",
            )


def _flat(data: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _read(key: Key, written: object, directory: Path, where: str) -> Any:
    try:
        return key.read(written, directory)
    except ValueError as error:
        raise SettingsError(f"{key.name} {error}, got {written!r}", where=where) from error


def _text(written: object, _: Path) -> str:
    if not isinstance(written, str) or not written:
        raise ValueError("wants a string")
    return written


def _path(written: object, directory: Path) -> str:
    return str(directory / user_path(_text(written, directory)))


def _inventory(written: object, directory: Path) -> tuple[str, ...]:
    """Paths are relative to the file that names them; a word with a comma is a list of hosts."""
    words = written if isinstance(written, list) else [written]
    return tuple(_text(word, directory) if "," in str(word) else _path(word, directory) for word in words)


def _folders(written: object, directory: Path) -> tuple[str, ...]:
    """One folder or a list of them; in the environment, with colons between."""
    words = written if isinstance(written, list) else str(written).split(":")
    return tuple(_path(word, directory) for word in words)


def _passphrases(written: object, directory: Path) -> tuple[str, ...]:
    """Files of passphrases are relative to the file that names them."""
    words = [_text(word, directory) for word in (written if isinstance(written, list) else [written])]
    return tuple(_source(word, directory) for word in words)


def _source(word: str, directory: Path) -> str:
    label, kind, rest = _SOURCE.fullmatch(word).groups()  # type: ignore[union-attr]  # it matches whatever is there
    if rest == "prompt" or _ELSEWHERE.match(rest):
        return word
    return f"{label or ''}{kind or ''}{directory / user_path(rest)}"


def _host_keys(written: object, _: Path) -> str:
    if written not in _HOST_KEYS:
        raise ValueError(f"wants one of {', '.join(_HOST_KEYS)}")
    return str(written)


def _count(written: object, _: Path) -> int:
    text = "" if isinstance(written, bool) else str(written)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("wants a whole number from 1")
    return int(text)


def _size(written: object, _: Path) -> sizes.Size:
    return sizes.parse(written)


def _seconds(written: object, _: Path) -> float:
    try:
        return seconds(written)
    except ValueError as error:
        raise ValueError("wants seconds or a duration such as 30s") from error


KEYS = (
    Key("inventory", "inventory files, directories or `h1,h2,`, for commands without -i", _inventory, ()),
    Key("forks", "how many hosts work at once", _count, 50),
    Key("user", "who logs in", _text),
    Key("private_key", "the file of the key to log in with", _path),
    Key("host_keys", "strict, accept-new or off", _host_keys),
    Key("connect_timeout", "how long to wait for a host to answer", _seconds),
    Key("inventory_cache", "how long the answer of an inventory program is used; 0s asks each time", _seconds, 60.0),
    Key("inventory_timeout", "how long to wait for an inventory program", _seconds, 30.0),
    Key("roles_path", "folders of roles, searched after those beside the workflow", _folders, ()),
    Key("modules_path", "folders of modules, beside those of the workflow", _folders, ()),
    Key("secrets.environment", "whose secrets are used", _text, DEFAULT),
    Key("secrets.passphrase_from", "prompt, fd:N, env:NAME, command:WORDS, key:FILE or a file", _passphrases, ()),
    Key("runs_keep", "how many runs are kept, with what they left; older ones are removed", _count, 1000),
    Key("limits.journal", "how much of a host a run keeps: results, and as much of output", _size, sizes.parse("64M")),
    Key("limits.files", "how much a run takes from a host in artifacts and fetched files", _size, sizes.parse("16G")),
    Key("limits.state", "how much a host may write to state in a run", _size, sizes.parse("256M")),
    Key("bundle.wheelhouse", "a directory of wheels, for controllers without an index of packages", _path),
)
