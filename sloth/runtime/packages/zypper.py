"""zypper, of openSUSE and SLES, by its command line.

`zypper --dry-run` computes a transaction and makes none; as XML its summary names each package and version.
"""

import os
import re
from fnmatch import fnmatchcase

from sloth.runtime.failure import ActionFailed
from sloth.runtime.packages.rpm import Rpm
from sloth.runtime.packages.tool import fields_of
from sloth.runtime.packages.words import Step

MYPY = False
if MYPY:
    from sloth.runtime.packages.words import Options, Wanted

_VERBS = {"install": "install", "latest": "install", "file": "install", "remove": "remove", "upgrade": "update",
          "full-upgrade": "dist-upgrade", "autoremove": "remove"}
_QUIET = ("zypper", "--non-interactive", "--quiet")
_XML = ("zypper", "--non-interactive", "--xmlout")
_CHANGES = re.compile(r"<to-(install|upgrade|downgrade|remove|reinstall)>(.*?)</to-\1>", re.DOTALL)
_SOLVABLE = re.compile(r'<solvable [^>]*?type="package"[^>]*>')
_FOUND = re.compile(r"<solvable [^>]*>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_MESSAGE = re.compile(r'<message type="(?:error|warning)">([^<]*)</message>')
_LOWER = "has lower version than the installed one"
_LOCKS = "etc/zypp/locks"
_AUTOMATIC = "var/lib/zypp/AutoInstalled"
_HELD = re.compile(r"^solvable_name: (\S+)$", re.MULTILINE)
_UNKNOWN = 104  # nothing has this name


class Zypper(Rpm):
    """The packages of a host that has zypper."""

    program = "zypper"
    silent = {"ZYPP_LOCK_TIMEOUT": "0"}  # the waiting is ours
    locked = ("System management is locked",)
    hints = (
        ("No provider of", "is the name right, and the index fresh? update_cache = true"),
        (_LOWER, "allow_downgrade = true permits it"),
        ("remove lock to allow", "on hold; pkg.unhold lets it go"),
    )
    errors = r"(?m)^No provider of .*|(?:^|(?<=<description>))Problem: .*(?:\n .*)*|^.*locked by the application.*"
    lacks = ("release", "purge", "allow_held")
    fine = (0, 100, 101, 102, 103)  # 102, 103: a reboot, or another run of zypper, is advised
    index_folders = ("var/cache/zypp/raw/*/repodata",)
    index_files = ("var/cache/zypp/raw/*/repodata/repomd.xml",)
    package_files = ("var/cache/zypp/packages/*/*/*.rpm",)

    def spell(self, one: "Wanted") -> str:
        version = one.version
        if any(char in version for char in "*?["):
            every = [found["edition"] for found in self._search("-s", "--match-exact", one.name)]
            fitting = [edition for edition in every if fnmatchcase(edition, version)]
            if not fitting:
                there = ", ".join(every) or "none"
                raise ActionFailed(f"no version {version} of {one.name} in the index; it has {there}")
            version = fitting[0]
        return one.name + (f".{one.arch}" if one.arch else "") + (f"={version}" if version else "")

    def available(self, names: "list[str]") -> "list[str]":
        found = self._search("--match-exact", *names) if names else self._search()
        return list(dict.fromkeys(one["name"] for one in found))

    def plan(self, verb: str, names: "list[str]", options: "Options") -> "list[Step]":
        names = self._names(verb, names)
        if verb == "autoremove" and not names:
            return []
        done = self.host.run(*_XML, _VERBS[verb], "--dry-run", *self._flags(verb, options), *names)
        if done.code not in self.fine or _LOWER in done.out:
            raise self.failure(f"zypper {_VERBS[verb]}", done)
        return [step for act, text in _CHANGES.findall(done.out) for step in _steps(act, text)]

    def command(self, verb: str, names: "list[str]", options: "Options") -> "list[str]":
        return [*_QUIET, _VERBS[verb], *self._flags(verb, options), *self._names(verb, names)]

    def update_command(self) -> "list[str]":
        return [*_QUIET, "refresh"]

    def clean(self) -> None:
        self.change("", *_QUIET, "clean")

    def held(self) -> "set[str]":
        return self.named_in(_LOCKS, _HELD)

    def hold(self, names: "list[str]", is_held: bool) -> None:
        self.change("", *_QUIET, "addlock" if is_held else "removelock", *names)

    def automatic(self) -> "set[str]":
        try:
            with open(os.path.join(self.root, _AUTOMATIC), encoding="utf-8") as names:
                return {line.strip() for line in names if line.strip() and not line.startswith("#")}
        except FileNotFoundError:
            return set()

    def mark_manual(self, names: "list[str]") -> None:
        self.change("", *_QUIET, "install", "--force", *names)

    def indexed_record(self, name: str) -> "dict[str, str]":
        done = self.host.run("zypper", "--quiet", "info", name)
        _, found, text = done.out.partition("-----\n")
        if not done.ok or not found:
            raise ActionFailed(f"no package {name} in the index")
        return fields_of(text)

    def depends(self, name: str) -> "list[str]":
        done = self.host.run("zypper", "--quiet", "info", "--requires", name)
        text = done.out.partition("\nRequires")[2].partition(":")[2]
        words = [line.split()[0] for line in text.splitlines() if line.split()]
        return [word for word in words if word.replace("-", "").isalnum()]

    def search(self, text: str) -> "list[tuple[str, str]]":
        return [(one["name"], one.get("summary", "")) for one in self._search("--search-descriptions", text)]

    def reasons(self, out: str) -> "list[str]":
        said = [text for text in _MESSAGE.findall(out) if "file conflicts check" not in text]
        return [*said, *re.findall(rf"[^>\n]*{_LOWER}", out)]

    def _flags(self, verb: str, options: "Options") -> "list[str]":
        flags = {
            "--oldpackage": options.allow_downgrade and verb in {"install", "latest", "file"},
            "--recommends": options.recommends is True and verb != "remove",
            "--no-recommends": options.recommends is False and verb != "remove",
            "--clean-deps": options.autoremove and verb == "remove",
        }
        return [flag for flag, is_set in flags.items() if is_set]

    def _names(self, verb: str, names: "list[str]") -> "list[str]":
        """What nothing needs any more has no command of its own: it is listed, then removed."""
        if verb != "autoremove":
            return names
        done = self.host.run("zypper", "--quiet", "packages", "--unneeded")
        return [line.split("|")[2].strip() for line in done.out.splitlines() if re.match(r"^i\+? *\|", line)]

    def _search(self, *words: str) -> "list[dict[str, str]]":
        done = self.host.run(*_XML, "search", "--type", "package", *words)
        if done.code not in (*self.fine, _UNKNOWN):
            raise self.failure("zypper search", done)
        return [dict(_ATTRIBUTE.findall(tag)) for tag in _FOUND.findall(done.out)]


def _steps(act: str, text: str) -> "list[Step]":
    every = [dict(_ATTRIBUTE.findall(tag)) for tag in _SOLVABLE.findall(text)]
    if act == "remove":
        return [Step(one["name"], one["edition"], None) for one in every]
    return [Step(one["name"], one.get("edition-old"), one["edition"], act == "downgrade") for one in every]
