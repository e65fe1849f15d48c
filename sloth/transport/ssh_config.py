"""What ssh_config says of a host: the user's file, then the system's, as OpenSSH reads them.

paramiko evaluates the files, but passes over `Include` without a word; so it is expanded first. What a user would
expect to work and does not is said. Files that say no more than a distribution's own are read without paramiko:
loading that takes 70 ms, in which the servers can get ready for us.
"""

from __future__ import annotations

import getpass
import io
import re
import shlex
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from sloth.core.connection import Connection
from sloth.core.errors import SettingsError
from sloth.core.userpath import user_path

SSH_PORT = 22
DEPTH = 16
MAX_HOPS = 8
_OPTION = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*\S)\s*")
_PERCENT = "\0"
_PLAIN = re.compile(r"[\w.:@+][\w.:@+-]*")
_IGNORED = (
    "bindaddress", "bindinterface", "certificatefile", "ciphers", "hostkeyalgorithms", "kexalgorithms",
    "knownhostscommand", "macs", "pkcs11provider", "proxyusefdpass", "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes", "verifyhostkeydns",
)  # fmt: skip

_SWITCHES = frozenset({"addressfamily", "hashknownhosts", "identitiesonly", "stricthostkeychecking"})
READ = frozenset({
    "canonicaldomains", "canonicalizehostname", "globalknownhostsfile", "hostkeyalias", "hostname", "identityagent",
    "identityfile", "port", "proxycommand", "proxyjump", "user", "userknownhostsfile", *_IGNORED, *_SWITCHES,
})  # fmt: skip


class Hop(Struct, frozen=True):
    """One SSH server on the way, the host itself being the last.

    alias: the name under which known_hosts has its key. keys: private key files. agent: whether the agent's keys are
    tried, defaults: whether ~/.ssh/id_* are. command: ProxyCommand, in the place of a connection to the address.
    """

    label: str
    address: str
    port: int
    user: str
    alias: str
    keys: tuple[str, ...]
    known_hosts: tuple[Path, ...]
    agent: bool = True
    defaults: bool = True
    family: str = "any"
    hash_names: bool = False
    command: str = ""
    is_jump: bool = False


class Route(Struct):
    """The way to a host."""

    hops: list[Hop] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class SshConfig:
    """The configuration files of a run, read once."""

    def __init__(self, home: Path, system: Path = Path("/etc/ssh"), user_file: Path | None = None) -> None:
        self.home = home
        self.system = system
        self.user_file = home / ".ssh" / "config" if user_file is None else user_file
        self._look: Callable[[str], Mapping[str, Any]] | None = None
        self._warnings: list[str] = []
        self._lock = threading.Lock()

    def route(self, connection: Connection) -> Route:
        """Resolve a connection: what it says itself comes first, then the files."""
        route = Route()
        found = self._lookup(connection.address)
        self._note_ignored("", found, route)
        target = self._hop(connection.address, connection.name, found, connection)
        jump = connection.jump if connection.jump is not None else found.get("proxyjump", "")
        if connection.jump is None and not jump and found.get("proxycommand"):  # None for `none`
            target = replace(target, command=_command(found["proxycommand"], connection.address, target))
        route.hops = [*self._jumps(str(jump), connection, route, 0), target]
        if found.get("stricthostkeychecking", "ask") not in {"yes", "ask"} and connection.host_keys == "strict":
            route.warnings.append("StrictHostKeyChecking of ssh_config is not taken over; set sloth_host_keys")
        route.warnings += self._warnings
        return route

    def _jumps(self, text: str, connection: Connection, route: Route, depth: int) -> list[Hop]:
        if not text or text.lower() == "none":
            return []
        if depth > MAX_HOPS:
            raise SettingsError(f"{connection.name}: its jump hosts go in a circle, or over more than {MAX_HOPS} hops")
        hops: list[Hop] = []
        for place, spec in enumerate(part.strip() for part in text.split(",")):
            user, host, port = parse_hop(spec)
            found = self._lookup(host)
            if place == 0:
                hops += self._jumps(str(found.get("proxyjump", "")), connection, route, depth + 1)
            own = Connection(
                name=f"jump host {host} of {connection.name}", address=host, user=user, port=port,
                known_hosts=connection.known_hosts, private_key=connection.private_key,
            )  # fmt: skip
            self._note_ignored(f"jump host {host}: ", found, route)
            hops.append(replace(self._hop(host, own.name, found, own), is_jump=True))
        return hops

    def _hop(self, host: str, label: str, found: Mapping[str, str], connection: Connection) -> Hop:
        address = found.get("hostname", host)
        port = connection.port or _port(str(found.get("port", SSH_PORT)))
        only = found.get("identitiesonly", "no") == "yes"
        explicit = [connection.private_key] if connection.private_key else []
        identities = [str(path) for path in found.get("identityfile", ())]
        return Hop(
            label=label,
            address=address,
            port=port,
            user=connection.user or found.get("user") or getpass.getuser(),
            alias=found.get("hostkeyalias", address),
            keys=(*explicit, *(path for path in map(self._expand, identities) if Path(path).is_file())),
            known_hosts=tuple(self._known_hosts(connection, found)),
            agent=not only and found.get("identityagent", "") != "none",
            defaults=not only and not explicit,
            family=found.get("addressfamily", "any"),
            hash_names=found.get("hashknownhosts", "no") == "yes",
        )

    def _note_ignored(self, prefix: str, found: Mapping[str, str], route: Route) -> None:
        ignored = [option for option in _IGNORED if found.get(option, "no") not in {"no", "none"}]
        if found.get("identityagent", "none") not in {"none", "SSH_AUTH_SOCK"}:
            ignored.append("identityagent")
        if ignored:
            route.warnings.append(f"{prefix}ssh_config says {', '.join(ignored)}, which sloth does not know")

    def _known_hosts(self, connection: Connection, found: Mapping[str, str]) -> list[Path]:
        users = found.get("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2")
        system = found.get("globalknownhostsfile", f"{self.system}/ssh_known_hosts {self.system}/ssh_known_hosts2")
        first = [connection.known_hosts] if connection.known_hosts else _words(users)
        return [Path(self._expand(text)) for text in [*first, *_words(system)] if text != "none"]

    def _expand(self, path: str) -> str:
        path = path.replace("%d", str(self.home))
        return str(self.home / path[2:]) if path.startswith("~/") else str(user_path(path))

    def _lookup(self, host: str) -> Mapping[str, str]:
        with self._lock:
            if self._look is None:
                self._look = self._read()
            return self._look(host)

    def _read(self) -> Callable[[str], Mapping[str, Any]]:
        files = ((self.user_file, self.home / ".ssh"), (self.system / "ssh_config", self.system))
        texts = {file: ["Host *", *self._lines(file, folder, "Host *", 0)] for file, folder in files}
        same = same_for_all(chain(*texts.values()))
        return self._parsed(texts) if same is None else lambda _: same

    def _parsed(self, texts: Mapping[Path, Sequence[str]]) -> Callable[[str], Mapping[str, Any]]:
        from paramiko import ConfigParseError, SSHConfig

        config = SSHConfig()
        for file, lines in texts.items():
            try:
                config.parse(io.StringIO("\n".join(lines)))
            except ConfigParseError as error:
                raise SettingsError(f"cannot be read: {error}", where=str(file)) from error

        def look(host: str) -> Mapping[str, Any]:
            try:
                return config.lookup(host)
            except ConfigParseError as error:
                raise SettingsError(f"ssh_config: {error}", where=str(self.user_file)) from error

        return look

    def _lines(self, file: Path, folder: Path, block: str, depth: int) -> list[str]:
        """A file's lines with what it includes in their place, and the block that was open opened again behind it."""
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        lines: list[str] = []
        for line in text.splitlines():
            option = _OPTION.fullmatch(line)
            word = option[1].lower() if option else ""
            if word in {"host", "match"}:
                block = line.strip()
            if option is None or word != "include":
                lines.append(line.replace("%", _PERCENT) if word == "proxycommand" else line)
                continue
            if depth == DEPTH:
                raise SettingsError(f"Include goes more than {DEPTH} deep", where=str(file))
            for included in self._included(option[2], folder):
                inner = self._lines(included, folder, block, depth + 1)
                conditional = block.lower().split() not in (["host", "*"], ["match", "all"])
                if conditional and any(re.match(r"\s*(host|match)\b", one, re.IGNORECASE) for one in inner):
                    self._warnings.append(f"{included}: included by {file} within `{block}`, but has blocks: ignored")
                    continue
                lines += [*inner, block]
        return lines

    def _included(self, patterns: str, folder: Path) -> list[Path]:
        found: list[Path] = []
        for pattern in _words(patterns):
            path = Path(self._expand(pattern))
            anchored = path if path.is_absolute() else folder / path
            found += sorted(Path(anchored.anchor).glob(str(anchored.relative_to(anchored.anchor))))
        return found


def parse_hop(spec: str) -> tuple[str | None, str, int | None]:
    """(user, host, port) of `[ssh://][user@]host[:port]`; an IPv6 address with a port stands in brackets."""
    match = re.fullmatch(r"(?:ssh://)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:@\[\]]+)|([0-9a-fA-F:]+))(?::(\d+))?/?", spec)
    if match is None:
        raise SettingsError(f"not a jump host: {spec!r}", hint="it is [user@]host[:port], several separated by commas")
    user, bracketed, plain, bare, port = match.groups()
    return user, bracketed or plain or bare, int(port) if port else None


def _command(text: str, name: str, hop: Hop) -> str:
    """A ProxyCommand with its tokens filled in: it is a line for the shell, which an inventory may not write."""
    tokens = {"%h": hop.address, "%n": name, "%p": str(hop.port), "%r": hop.user}

    def filled(found: re.Match[str]) -> str:
        value = tokens.get(found[0])
        if value is None:
            return "%" if found[0] == "%%" else found[0]
        if not _PLAIN.fullmatch(value):
            raise SettingsError(f"{hop.label}: {value!r} cannot stand in a ProxyCommand, for {found[0]}")
        return value

    return re.sub("%.", filled, text.replace(_PERCENT, "%"))


def same_for_all(lines: Iterable[str]) -> dict[str, str] | None:
    """What is said of every host alike, in one word each; None where there is more, which is for paramiko to read."""
    found: dict[str, str] = {}
    everywhere = True
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        option = _OPTION.fullmatch(line)
        if option is None:
            return None
        word, value = option[1].lower(), option[2]
        if word in {"host", "match"}:
            everywhere = (word, value) == ("host", "*")
        elif word in READ:
            if not (everywhere and word in _SWITCHES and value.isalpha()):
                return None
            found.setdefault(word, value)
    return found


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1 << 16:
        raise SettingsError(f"ssh_config: Port wants a number from 1 to 65535, not {text!r}")
    return int(text)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise SettingsError(f"ssh_config: {text}: {str(error).lower()}") from error
