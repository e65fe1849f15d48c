"""apk, of Alpine, by its command line. What is installed is read from its database, a text that is stable since 2.0.

`--simulate` computes a transaction and makes none. apk removes by itself what nothing needs any more, and holds a
package by its version in /etc/apk/world.
"""

import os
import re

from sloth.runtime.failure import ActionFailed
from sloth.runtime.packages.tool import Tool
from sloth.runtime.packages.words import Package, Step

MYPY = False
if MYPY:
    from sloth.runtime.packages.words import Options, Wanted

_VERBS = {
    "install": ["add"], "latest": ["add", "--upgrade"], "file": ["add"], "remove": ["del"], "upgrade": ["upgrade"],
    "full-upgrade": ["upgrade", "--available"],
}
_PLANNED = re.compile(
    r"^\(\d+/\d+\) (Installing|Upgrading|Downgrading|Purging|Reinstalling|Replacing) (\S+) \((\S+?)(?: -> (\S+))?\)",
    re.MULTILINE,
)
_DATABASE = "lib/apk/db/installed"
_WORLD = "etc/apk/world"
_NAME = re.compile(r"^[^=<>~@!]+")
_VERSIONED = re.compile(r"^(.+)-([^-]+-r\d+)$")


class Apk(Tool):
    """The packages of a host that has apk."""

    program = "apk"
    locked = ("Unable to lock database",)
    hints = (
        ("no such package", "is the name right, and the index fresh? update_cache = true"),
        ("UNTRUSTED signature", "its key is not in /etc/apk/keys"),
    )
    errors = r"(?m)^(?:ERROR: .*(?:\n  .*)*)"
    lacks = ("release", "recommends")
    index_folders = ("var/cache/apk",)
    index_files = ("var/cache/apk/APKINDEX.*.tar.gz",)
    package_files = ("etc/apk/cache/*.apk",)

    def spell(self, one: "Wanted") -> str:
        if one.version.endswith("*") and not any(char in one.version[:-1] for char in "*?["):
            return f"{one.name}~{one.version[:-1].rstrip('.')}"
        return super().spell(one)

    def packages(self, names: "list[str]") -> "list[Package]":
        """All of them: the database is one file."""
        del names
        pinned = {name for name, rest in self._world().items() if rest.startswith("=")}
        try:
            with open(os.path.join(self.root, _DATABASE), encoding="utf-8") as database:
                stanzas = database.read().split("\n\n")
        except FileNotFoundError:
            return []
        return [_package(stanza, pinned) for stanza in stanzas if stanza.strip()]

    def available(self, names: "list[str]") -> "list[str]":
        found = self.host.run("apk", "search", "--quiet", *(["--exact", *names] if names else [])).out.split()
        return list(dict.fromkeys(found))

    def plan(self, verb: str, names: "list[str]", options: "Options") -> "list[Step]":
        if verb == "autoremove":
            return []  # there never is anything
        done = self.host.run("apk", *_VERBS[verb], "--simulate", *_flags(options), *names)
        if not done.ok:
            raise self.failure(f"apk {_VERBS[verb][0]}", done)
        return [_step(*found) for found in _PLANNED.findall(done.out)]

    def command(self, verb: str, names: "list[str]", options: "Options") -> "list[str]":
        return ["apk", *_VERBS[verb], "--no-progress", *_flags(options), *names]

    def update_command(self) -> "list[str]":
        return ["apk", "update", "--no-progress"]

    def clean(self) -> None:
        self.change("remove downloaded packages", "rm", "-f", "--", *self.cached())

    def hold(self, names: "list[str]", is_held: bool) -> None:
        versions = {package.name: package.version for package in self.packages([])}
        self.change("", "apk", "add", "--no-progress", *(f"{one}={versions[one]}" if is_held else one for one in names))

    def automatic(self) -> "set[str]":
        world = self._world()
        return {package.name for package in self.packages([]) if package.name not in world}

    def mark_manual(self, names: "list[str]") -> None:
        self.change("", "apk", "add", "--no-progress", *names)

    def file(self, path: str) -> Package:
        done = self.host.run("tar", "-xzOf", path, ".PKGINFO")
        fields = dict(line.split(" = ", 1) for line in done.out.splitlines() if " = " in line)
        if "pkgname" not in fields or "pkgver" not in fields:
            raise self.failure(f"{path} is no package that can be read", done)
        return Package(fields["pkgname"], fields["pkgver"], fields.get("arch", ""))

    def record(self, name: str) -> "dict[str, str]":
        done = self.host.run("apk", "info", "--all", name)
        found = re.findall(rf"^{re.escape(name)}-\S+ ([\w -]+):\n((?:.+\n?)*)", done.out, re.MULTILINE)
        if not found:
            raise ActionFailed(f"no package {name} is installed or in the index")
        return {key: value.strip() for key, value in found}

    def depends(self, name: str) -> "list[str]":
        words = self.record(name).get("depends on", "").split()
        return [match.group() for match in map(_NAME.match, words) if match is not None and ":" not in match.group()]

    def search(self, text: str) -> "list[tuple[str, str]]":
        lines = self.host.run("apk", "search", "--verbose", "--description", text).out.splitlines()
        found = [(_VERSIONED.match(line.partition(" - ")[0]), line.partition(" - ")[2]) for line in lines]
        return [(match.group(1), summary) for match, summary in found if match is not None]

    def owner(self, path: str) -> "list[str]":
        out = self.host.run("apk", "info", "--who-owns", path).out
        found = [_VERSIONED.match(line.rpartition(" ")[2]) for line in out.splitlines()]
        return [match.group(1) for match in found if match is not None]

    def _world(self) -> "dict[str, str]":
        """What is wanted for itself: name → what follows it, such as `=1.0-r0`."""
        try:
            with open(os.path.join(self.root, _WORLD), encoding="utf-8") as world:
                words = world.read().split()
        except FileNotFoundError:
            return {}
        found = [(match.group(), word) for word in words for match in [_NAME.match(word)] if match is not None]
        return {name: word[len(name) :] for name, word in found}


def _package(stanza: str, pinned: "set[str]") -> Package:
    fields = dict(line.split(":", 1) for line in stanza.splitlines() if line[1:2] == ":" and line[0] in "PVAp")
    version = fields.get("V", "")
    return Package(
        fields.get("P", ""), version, fields.get("A", ""), is_held=fields.get("P") in pinned,
        provides=[match.group() for match in map(_NAME.match, fields.get("p", "").split()) if match is not None],
        short=version.rpartition("-")[0],
    )


def _step(act: str, name: str, first: str, second: str) -> Step:
    if act == "Purging":
        return Step(name, first, None)
    return Step(name, first if second else None, second or first, act == "Downgrading")


def _flags(options: "Options") -> "list[str]":
    return ["--purge"] if options.purge else []
