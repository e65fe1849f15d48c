"""Connection settings out of variables: `sloth_host`, `sloth_user` …, and Ansible's names for them.

The highest layer that says a setting wins, under whichever name; in one layer sloth's own name wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, get_args

from msgspec import Struct

from sloth.core.connection import Connection, Placement
from sloth.core.errors import InventoryError
from sloth.core.sealed import Open, Sealed
from sloth.core.userpath import user_path
from sloth.core.varsfile import CLOSED
from sloth.inventory.layer import Layer
from sloth.runtime.becoming import METHODS
from sloth.runtime.coercion import seconds

_TRUE, _FALSE = ("true", "yes", "on", "y", "1"), ("false", "no", "off", "n", "0")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TEMPLATE = re.compile(r"\{\{.*\}\}|\{%.*%\}", re.DOTALL)


class Setting(Struct, frozen=True):
    """A field of Connection, the variables that say it, and how a value is read.

    read raises TypeError or ValueError, whose text goes on after "the value is wrong, it".
    """

    field: str
    variables: tuple[str, ...]
    read: Callable[[Any], object]

    @property
    def is_secret(self) -> bool:
        return self.field.endswith("password")


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        raise TypeError("wants a string; quote the value")
    if _CONTROL.search(value):
        raise ValueError("has a line break or another control character")
    if _TEMPLATE.search(value):
        raise ValueError("is a template, and variables of the inventory are not rendered; write the value itself")
    return value or None


def _password(value: Any) -> str | None:
    if not isinstance(value, str):
        raise TypeError("wants a string; quote the value")
    if _TEMPLATE.fullmatch(value.strip()):
        raise ValueError("is a template, and variables of the inventory are not rendered; ask for it with -k or -K")
    if "\n" in value:
        raise ValueError("has a line break")
    return value or None


def _address(value: Any) -> str | None:
    text = _text(value)
    if text and (text.startswith("-") or " " in text):
        raise ValueError("wants a name or an address")
    return text[1:-1] if text and text.startswith("[") and text.endswith("]") else text


def _path(value: Any) -> str | None:
    text = _text(value)
    return str(user_path(text)) if text else None


def _python(value: Any) -> str | None:
    text = _text(value)
    return None if text in {"auto", "auto_silent", "auto_legacy", "auto_legacy_silent"} else text


def _boolean(value: Any) -> bool:
    word = str(value).lower()
    if word not in _TRUE + _FALSE:
        raise ValueError("wants true or false")
    return word in _TRUE


def _port(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 5:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 65535:
        raise ValueError("wants a port from 1 to 65535")
    return value


def _seconds(value: Any) -> float:
    try:
        wait = seconds(value)
    except ValueError:
        wait = 0.0
    if not 0 < wait < 86400:
        raise ValueError("wants seconds or a duration such as 30s, more than 0 and less than a day")
    return wait


def _host_keys(value: Any) -> str:
    """YAML 1.1 reads `off` as false; Ansible's host_key_checking is a boolean anyway."""
    word = str(value).lower()
    if word in _FALSE:
        return "off"
    if word in _TRUE:
        return "strict"
    if word not in {"strict", "accept-new"}:
        raise ValueError("wants strict, accept-new or off")
    return word


def _connection(value: Any) -> str:
    if _text(value) in {"ssh", "smart", "paramiko", "paramiko_ssh"}:
        return "ssh"
    if value != "local":
        raise ValueError("wants ssh or local; there is no other way to a host yet")
    return "local"


def _become_method(value: Any) -> str:
    method = str(_text(value)).removeprefix("ansible.builtin.").removeprefix("community.general.")
    if method not in METHODS:
        raise ValueError(f"wants {', '.join(METHODS[:-1])} or {METHODS[-1]}")
    return method


def _placement(value: Any) -> str:
    if value not in get_args(Placement):
        raise ValueError("wants auto, target or controller")
    return str(value)


SETTINGS = (
    Setting("address", ("sloth_host", "ansible_host", "ansible_ssh_host"), _address),
    Setting("port", ("sloth_port", "ansible_port", "ansible_ssh_port"), _port),
    Setting("user", ("sloth_user", "ansible_user", "ansible_ssh_user"), _text),
    Setting("private_key", ("sloth_private_key", "ansible_ssh_private_key_file", "ansible_private_key_file"), _path),
    Setting("known_hosts", ("sloth_known_hosts",), _path),
    Setting("host_keys",
            ("sloth_host_keys", "ansible_host_key_checking", "ansible_ssh_host_key_checking"), _host_keys),
    Setting("password",
            ("sloth_password", "ansible_password", "ansible_ssh_pass", "ansible_ssh_password"), _password),
    Setting("jump", ("sloth_jump",), _text),
    Setting("connection", ("sloth_connection", "ansible_connection"), _connection),
    Setting("become", ("sloth_become", "ansible_become"), _boolean),
    Setting("become_method", ("sloth_become_method", "ansible_become_method"), _become_method),
    Setting("become_user", ("sloth_become_user", "ansible_become_user"), _text),
    Setting("become_password",
            ("sloth_become_password", "ansible_become_password", "ansible_become_pass"), _password),
    Setting("python", ("sloth_python", "ansible_python_interpreter"), _python),
    Setting("placement", ("sloth_placement",), _placement),
    Setting("connect_timeout", ("sloth_connect_timeout", "ansible_timeout", "ansible_ssh_timeout"), _seconds),
)  # fmt: skip
BY_FIELD = {setting.field: setting for setting in SETTINGS}
_FIELDS = {variable: setting.field for setting in SETTINGS for variable in setting.variables}
_UNSUPPORTED = {
    "ansible_ssh_common_args": "say ProxyJump as sloth_jump, and other options in ~/.ssh/config",
    "ansible_ssh_extra_args": "say options in ~/.ssh/config",
    "ansible_ssh_executable": "sloth speaks SSH itself and starts no ssh",
    "ansible_become_exe": "sudo, su and doas are found by PATH",
    "ansible_become_flags": "it is `sudo -H -u USER`, `su USER` or `doas -u USER`",
}
_NOTEWORTHY = frozenset(_FIELDS)
PORT_VARIABLES = frozenset(BY_FIELD["port"].variables)
SECRET_VARIABLES = frozenset(v for setting in SETTINGS if setting.is_secret for v in setting.variables)
LOCAL = "localhost"


def resolve(host: str, layers: Iterable[Layer], open_value: Open = CLOSED.value) -> Connection:
    """How a host is reached, by layers from lowest to highest. open_value: for those that are encrypted."""
    said: dict[str, tuple[str, Layer]] = {}
    for layer in layers:
        known = layer.values.keys() & _NOTEWORTHY
        for field in {_FIELDS[variable] for variable in known}:
            said[field] = next(v for v in BY_FIELD[field].variables if v in known), layer
    fields: dict[str, Any] = {}
    for field, (variable, layer) in said.items():
        value = _read(BY_FIELD[field], variable, layer, host, open_value)
        if value is not None:
            fields[field] = value
    # A localhost about which nobody says how it is reached needs no SSH to itself.
    if host == LOCAL and not fields.keys() & {"connection", "address", "port", "jump"}:
        fields["connection"] = "local"
    return Connection(**{"name": host, "address": host, **fields})


def tells(layer: Layer) -> bool:
    """Whether a layer says anything of how hosts are reached."""
    return not _NOTEWORTHY.isdisjoint(layer.values)


def is_setting(variable: str) -> bool:
    """Whether the variable is a setting of connections, which the inventory alone decides."""
    return variable in _FIELDS


def visible(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Those variables of a host that hosts may see: all but the passwords of connections."""
    return {name: value for name, value in variables.items() if name not in SECRET_VARIABLES}


def spellings(variable: str) -> tuple[str, ...]:
    """The names by which a setting of connections goes, that of sloth first; of another variable its name alone."""
    return BY_FIELD[_FIELDS[variable]].variables if variable in _FIELDS else (variable,)


def warnings(layer: Layer) -> Iterator[str]:
    """Variables of a layer that look like connection settings and have no effect."""
    for variable in layer.values:
        if not variable.startswith(("sloth_", "ansible_")) or variable in _NOTEWORTHY:
            continue
        if variable in _UNSUPPORTED:
            if layer.values[variable]:
                yield f"{layer.where(variable)}: {variable} has no effect; {_UNSUPPORTED[variable]}"
        elif variable.startswith("sloth_"):
            for known in _FIELDS:
                if is_one_typo(variable, known):
                    yield f"{layer.where(variable)}: {variable} has no effect; did you mean {known}?"
                    break


def is_one_typo(one: str, other: str) -> bool:
    """Whether a letter too many, missing, wrong, or swapped with its neighbour makes one from the other."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, other_rest = one[start:], other[start:]
    swapped = rest[1::-1] == other_rest[:2] and rest[2:] == other_rest[2:]
    return swapped or other_rest == rest[1:] or rest == other_rest[1:] or rest[1:] == other_rest[1:]


def _read(setting: Setting, variable: str, layer: Layer, host: str, open_value: Open) -> object:
    value = layer.values[variable]
    is_sealed = isinstance(value, Sealed)
    if isinstance(value, Sealed):
        value = open_value(value)
    if value is None:
        return None
    try:
        return setting.read(value)
    except (TypeError, ValueError) as error:
        plain = str(value).lower() if isinstance(value, bool) else repr(value)  # as it is written
        shown = "the value" if setting.is_secret or is_sealed else plain
        message = f"{variable} of {host}: {shown} is wrong, it {error}"
        raise InventoryError(message, where=layer.where(variable)) from None
