"""The hosts of a run: which there are, what is known about each, and how it is reached.

    inventory = load(["inventory/site.yml"], workflow_dir=Path("playbooks"))
    for host in inventory.select("web:!web3"):
        inventory.variables(host), inventory.connection(host)

Variables are gathered when a host is asked for, and files beside the inventory are read only for
groups and hosts that are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sloth.core.connection import Connection
from sloth.core.errors import InventoryError
from sloth.core.near import near
from sloth.core.sealed import Opener, plain_only
from sloth.core.userpath import user_path
from sloth.core.varsfile import CLOSED, read_text
from sloth.inventory import connection, patterns, sources
from sloth.inventory.constructed import Construction
from sloth.inventory.layer import Layer
from sloth.inventory.names import ALL
from sloth.inventory.patterns import LISTING
from sloth.inventory.programs import Programs
from sloth.inventory.tree import Group, Host, Tree, build
from sloth.inventory.vars_folders import GROUPS, HOSTS, VarsFolders

NO_INVENTORY = "without an inventory there is only localhost: name one with -i, a file, a directory, or `web1,web2,`"


class Rivals(Struct, frozen=True):
    """Two groups of one rank that give a variable different values: only their names decide which counts."""

    variable: str
    loser: str
    winner: str

    def warning(self, host: str) -> str:
        return (
            f"{self.variable} differs between the groups {self.loser} and {self.winner}, which share {host}; "
            f"{self.winner} wins by its name, unless ansible_group_priority says otherwise"
        )


class Inventory:
    """All hosts and groups; immutable to the outside, gathering as it is asked."""

    def __init__(
        self,
        tree: Tree,
        folders: Sequence[VarsFolders] = (),
        programs: Sequence[Path] = (),
        opener: Opener = CLOSED,
        listing: str = LISTING,
    ) -> None:
        """programs: what said a part of it, maybe a while ago. opener: of what is encrypted in it. listing: where a
        person finds the hosts that there are
        """
        self._listing = listing
        self._opener = opener
        self._tree = tree
        self._folders = folders
        self._programs = programs
        self._chains: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._group_layers: dict[str, list[Layer]] = {}
        self._base: dict[tuple[str, ...], dict[str, Any]] = {}
        self._tell: dict[tuple[str, ...], list[Layer]] = {}
        self._own: dict[str, list[Layer]] = {}
        self._rivals: dict[tuple[str, ...], list[Rivals]] = {}

    @property
    def hosts(self) -> Sequence[str]:
        """Every host, in the inventory's order."""
        return tuple(self._tree.hosts)

    @cached_property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The hosts of every group, those of its children included, in the inventory's order."""
        members: dict[str, list[str]] = {name: [] for name in self._tree.groups}
        for host in self._tree.hosts:
            for group in self._chain(host):
                members[group].append(host)
        return members

    def select(self, pattern: str | Sequence[str], *, allow_empty: bool = False) -> list[str]:
        """The hosts that a pattern (or several, joined) matches; none at all is an error unless it may be."""
        return self._select(pattern, self._names(), allow_empty)

    def limit(self, *patterns: str) -> list[str]:
        """The hosts that each of these patterns of the command line matches; they may name files: `@failed.txt`."""
        known = self._names(lambda path: read_text(user_path(path)))
        matched = [self._select(pattern, known, allow_empty=False) for pattern in patterns]
        everywhere = set(matched[0]).intersection(*matched[1:])
        chosen = [host for host in matched[0] if host in everywhere]
        if not chosen:
            raise InventoryError(f"no host is both in {' and in '.join(map(repr, patterns))}", hint=known.listing)
        return chosen

    def group_names(self, host: str) -> list[str]:
        """The groups of a host by name, without `all`."""
        return sorted(group for group in self._chain(host) if group != ALL)

    def layers(self, host: str) -> list[Layer]:
        """Everything that gives variables to a host, from lowest to highest."""
        return self._layers_of_groups(self._chain(host)) + self._own_layers(host)

    def variables(self, host: str) -> dict[str, Any]:
        """The variables of a host: the highest layer that has a name gives its whole value."""
        chain = self._chain(host)
        if chain not in self._base:
            self._base[chain] = _merged(self._layers_of_groups(chain))
        return {**self._base[chain], **_merged(self._own_layers(host))}

    def scope(self, host: str) -> dict[str, Any]:
        """What an expression about a host sees: its variables, its names, its groups."""
        return {
            **plain_only(self.variables(host)),
            "inventory_hostname": host,
            "inventory_hostname_short": host.partition(".")[0],
            "group_names": self.group_names(host),
        }

    def connection(
        self, host: str, *, defaults: Mapping[str, object] | None = None, over: Mapping[str, object] | None = None
    ) -> Connection:
        """How a host is reached. defaults and over: variables below and above those of the inventory."""
        below, above = Layer("default", defaults or {}), Layer("command line", over or {})
        layers = [below, *self._telling(self._chain(host)), *self._own_layers(host), above]
        return connection.resolve(host, layers, self._opener.value)

    def warnings(self, hosts: Iterable[str]) -> list[str]:
        """What looks wrong in the variables of these hosts without being an error, each once."""
        layers: dict[int, Layer] = {}
        shared: dict[Rivals, str] = {}
        chains: set[tuple[str, ...]] = set()
        for host in hosts:
            chain = self._chain(host)
            of_groups = [] if chain in chains else self._layers_of_groups(chain)
            chains.add(chain)
            layers.update((id(layer), layer) for layer in [*of_groups, *self._own_layers(host)])
            own = {name for layer in self._own_layers(host) for name in layer.values}
            for rivals in self._rivals_of(chain):
                if rivals.variable not in own:
                    shared.setdefault(rivals, host)
        found = [text for layer in layers.values() for text in connection.warnings(layer)]
        return [*dict.fromkeys(found), *(rivals.warning(host) for rivals, host in shared.items())]

    def group(self, name: str) -> Group:
        """One group of the tree, for showing it."""
        return self._tree.groups[name]

    def _select(self, pattern: str | Sequence[str], known: patterns.Names, allow_empty: bool) -> list[str]:
        text = pattern if isinstance(pattern, str) else ",".join(pattern)
        chosen = patterns.select(text, known)
        if not chosen and not allow_empty:
            hint = known.listing if known.hosts else "the inventory has no hosts"
            raise InventoryError(f"the pattern {text!r} matches no host", hint=hint)
        return chosen

    def _names(self, read: Callable[[str], str] | None = None) -> patterns.Names:
        known = patterns.Names(self._tree.hosts, self.groups, read, self._listing)
        if not self._programs:
            return known
        asked = " and ".join(program.name for program in self._programs)
        return replace(known, listing=f"`sloth inventory list --refresh` shows all hosts, and asks {asked} anew")

    def _chain(self, host: str) -> tuple[str, ...]:
        """All groups of a host, lowest first. Hosts of the same groups share the answer."""
        named = tuple(self._host(host).groups)
        if named not in self._chains:
            found = {ALL, *named}
            waiting = list(named)
            while waiting:
                parents = self._tree.groups[waiting.pop()].parents.keys() - found
                found |= parents
                waiting += parents
            self._chains[named] = tuple(sorted(found, key=lambda name: (self._tree.groups[name].rank, name)))
        return self._chains[named]

    def _layers_of_groups(self, chain: tuple[str, ...]) -> list[Layer]:
        return [layer for group in chain for layer in self._layers_of_group(group)]

    def _telling(self, chain: tuple[str, ...]) -> list[Layer]:
        """Of the groups' layers those that say how hosts are reached: few of many."""
        if chain not in self._tell:
            self._tell[chain] = [layer for layer in self._layers_of_groups(chain) if connection.tells(layer)]
        return self._tell[chain]

    def _layers_of_group(self, name: str) -> list[Layer]:
        if name not in self._group_layers:
            group = self._tree.groups[name]
            self._group_layers[name] = [*group.layers, *self._beside(GROUPS, name, group.label)]
        return self._group_layers[name]

    def _own_layers(self, host: str) -> list[Layer]:
        if host not in self._own:
            own = self._host(host).layers
            self._own[host] = [*own, *self._beside(HOSTS, host, f"host {host}")]
        return self._own[host]

    def _host(self, name: str) -> Host:
        """A host of the inventory; or the controller, which is `localhost` also where no inventory names it."""
        if name in self._tree.hosts:
            return self._tree.hosts[name]
        if name == connection.LOCAL:
            return Host(name, layers=[Layer("the controller itself", {"sloth_connection": "local"})])
        raise InventoryError(f"there is no host {name!r} in the inventory", hint=near(name, self._tree.hosts))

    def _beside(self, folder: str, name: str, label: str) -> Iterator[Layer]:
        for folders in self._folders:
            for file in folders.of(folder, name):
                yield Layer(label, file.values, file)

    def _rivals_of(self, chain: tuple[str, ...]) -> list[Rivals]:
        if chain not in self._rivals:
            setters: dict[str, list[tuple[Group, object]]] = {}
            for group in (self._tree.groups[name] for name in chain):
                for variable, value in _merged(self._layers_of_group(group.name)).items():
                    setters.setdefault(variable, []).append((group, value))
            self._rivals[chain] = [
                Rivals(variable, said[-2][0].name, said[-1][0].name)
                for variable, said in setters.items()
                if len(said) > 1 and said[-2][0].rank == said[-1][0].rank and said[-2][1] != said[-1][1]
            ]
        return self._rivals[chain]


def load(
    named: Sequence[str],
    *,
    workflow_dir: Path | None = None,
    programs: Programs | None = None,
    opener: Opener = CLOSED,
) -> Inventory:
    """The inventory of all `-i`.

    workflow_dir: where the workflow file lies, with its own group_vars and host_vars
    programs: how those among the sources are run
    opener: of what is encrypted in files and variables

    Constructed groups are made last, of what all other sources say; not of what lies beside the workflow, so
    that each workflow meets the same hosts in them.
    """
    if not named:
        raise InventoryError("there is no inventory", hint="name one with -i: a file, a directory, or `web1,web2,`")
    found = sources.collect(named, programs or Programs(), opener.file)
    tree = build(found.documents, found.literals)
    folders = _folders(found.folders, opener)
    for document in found.constructed:
        construction = Construction(document)
        known = Inventory(tree, list(folders.values()) if construction.with_folders else [])
        construction.apply(tree, known.scope)
        tree.finish()
    folders = _folders([workflow_dir] if workflow_dir else [], opener, folders)
    return Inventory(tree, list(folders.values()), found.programs, opener)


def local(*, workflow_dir: Path | None = None, opener: Opener = CLOSED) -> Inventory:
    """What a run without an inventory works on: this machine, as `localhost`, without SSH."""
    tree = build([], [connection.LOCAL])
    folders = _folders([workflow_dir] if workflow_dir else [], opener)
    return Inventory(tree, list(folders.values()), opener=opener, listing=NO_INVENTORY)


def _folders(
    directories: Iterable[Path], opener: Opener, below: Mapping[Path, VarsFolders] | None = None
) -> dict[Path, VarsFolders]:
    """Each directory once, at its last and highest place, however it is spelled. below: those that come before."""
    folders = dict(below or {})
    for directory in directories:
        place = directory.resolve()
        folders[place] = folders.pop(place) if place in folders else VarsFolders(directory, opener.file)
    return folders


def _merged(layers: Iterable[Layer]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for layer in layers:
        values.update(layer.values)
    return values
