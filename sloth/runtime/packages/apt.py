"""apt and dpkg by their command lines. python3-apt is never needed, nothing is written but by apt itself.

What is installed is asked of dpkg alone, which takes 5 ms; apt starts only when something is to be done.
What a transaction did is read from dpkg's database, before and after. A simulation (`apt-get -s`) only
looks: it needs no root and takes no lock, so check mode foretells and fails as the real run would.
"""

import os
import re
from fnmatch import fnmatchcase

from sloth.runtime.packages.policy import StartNothing
from sloth.runtime.packages.tool import Tool, fields_of
from sloth.runtime.packages.words import Package, Step

MYPY = False
if MYPY:
    from contextlib import AbstractContextManager

    from sloth.runtime.packages.words import Options
    from sloth.runtime.process import Done

# One record a line; dpkg itself comes along with each question because its architecture is the host's own.
_RECORD = "${Package}\\t${Architecture}\\t${Version}\\t${db:Status-Abbrev}\\t${Provides}\\n"
_PLANNED = r"(?m)^(Inst|Remv|Purg) (\S+)(?: \[([^\]]+)\])?(?: \((\S+))?"
_ERRORS = r"(?m)^(?:E|dpkg: error.*?):.*(?:\n +.*)*"
_UNMET = r"(?m)^The following packages have unmet dependencies:\n(?: .*\n?)+"
_PROVIDED = r"(?m)^Package \S+ is a virtual package provided by:\n(?: .*\n?)+"
_HINTS = (
    ("Unable to locate package", "is the name right, and the index fresh? update_cache = true"),
    ("has no installation candidate", "is the index fresh? update_cache = true"),
    ("without --allow-downgrades", "allow_downgrade = true permits it"),
    ("without --allow-change-held-packages", "allow_held = true permits it"),
    ("Could not get lock", "another program works on packages; lock_timeout says how long to wait for it"),
)
# One question at a time: no dialog, and a changed configuration file stays as its owner left it.
_SILENT = {"DEBIAN_FRONTEND": "noninteractive", "APT_LISTCHANGES_FRONTEND": "none", "UCF_FORCE_CONFFOLD": "1"}
_LITERAL = ("-o", "APT::Cmd::Pattern-Only=true")  # an unknown name is unknown, not a regular expression
_CONFFILES = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
_VERBS = {"install": "install", "latest": "install", "file": "install", "remove": "remove", "upgrade": "upgrade",
          "full-upgrade": "dist-upgrade", "autoremove": "autoremove"}


class Apt(Tool):
    """The packages of a host that has apt."""

    program = "apt-get"
    silent = _SILENT
    locked = ("Could not get lock",)
    hints = _HINTS
    errors = _ERRORS
    guards_downgrades = True
    index_folders = ("var/lib/apt/lists",)
    package_files = ("var/cache/apt/archives/*.deb",)

    def packages(self, names: "list[str]") -> "list[Package]":
        asked = ["dpkg", *names] if names else []
        done = self.host.run("dpkg-query", "-W", "-f", _RECORD, *asked)
        if done.code > 1:
            raise self.failure("dpkg-query", done)
        records = [line.split("\t") for line in done.out.splitlines() if line.count("\t") == 4]
        native = [record[1] for record in records if record[0] == "dpkg"]
        known = [_package(record, native) for record in records if record[3][1:2] != "n"]  # n: a mere name
        is_asked = not names or any(fnmatchcase("dpkg", name) for name in names)
        return [package for package in known if package.name != "dpkg" or is_asked]

    def available(self, names: "list[str]") -> "list[str]":
        if not names:
            return self.host.run("apt-cache", "pkgnames").out.split()
        out = self.host.run("apt-cache", "policy", "--", *names).out
        stanzas = re.findall(r"^(\S+):\n(?:  .*\n)*?  Candidate: (.+)$", out, re.MULTILINE)
        return [name for name, candidate in stanzas if candidate != "(none)"]

    def plan(self, verb: str, names: "list[str]", options: "Options") -> "list[Step]":
        done = self.host.run("apt-get", _VERBS[verb], "-s", "-y", "-q", *_flags(options), *_LITERAL, *names)
        if not done.ok:
            raise self.failure(f"apt-get {_VERBS[verb]}", done)
        return [
            Step(name, before or None, after if act == "Inst" else None)
            for act, name, before, after in re.findall(_PLANNED, done.out)
        ]

    def command(self, verb: str, names: "list[str]", options: "Options") -> "list[str]":
        patience = ["-o", f"DPkg::Lock::Timeout={int(self.lock_timeout)}"]
        quiet = ["-y", "-q", "-o", "Dpkg::Use-Pty=0", *_CONFFILES]
        return ["apt-get", _VERBS[verb], *quiet, *patience, *_flags(options), *_LITERAL, *names]

    def note(self, verb: str, names: "list[str]", options: "Options") -> str:
        return " ".join(["apt-get", _VERBS[verb], *(["--purge"] if options.purge else []), *names])

    def tidy(self, before: "list[Package]", after: "list[Package]") -> None:
        """Packages on hold that were changed lost their hold by it; to put it back is a part of that change."""
        held = {package.label for package in before if package.is_held}
        lost = [package.label for package in after if package.is_installed and not package.is_held]
        names = [label for label in lost if label in held]
        if names:
            done = self.host.run("apt-mark", "hold", *names)
            if not done.ok:
                raise self.failure("apt-mark hold", done)

    def around(self, options: "Options") -> "AbstractContextManager[None]":
        return super().around(options) if options.start_services else StartNothing(self.root)

    def hold(self, names: "list[str]", is_held: bool) -> None:
        self.change("", "apt-mark", "hold" if is_held else "unhold", *names)

    def automatic(self) -> "set[str]":
        try:
            with open(os.path.join(self.root, "var/lib/apt/extended_states"), encoding="utf-8") as states:
                text = states.read()
        except FileNotFoundError:
            return set()
        return set(re.findall(r"^Package: (\S+)\n(?:\S.*\n)*?Auto-Installed: 1$", text, re.MULTILINE))

    def mark_manual(self, names: "list[str]") -> None:
        self.change("", "apt-mark", "manual", *names)

    def update_command(self) -> "list[str]":
        return ["apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"]

    def was_fetched(self, done: "Done") -> bool:
        return done.ok and "Failed to fetch" not in done.err

    def clean(self) -> None:
        self.change("", "apt-get", "clean")

    def file(self, path: str) -> Package:
        done = self.host.run("dpkg-deb", "--show", "--showformat=${Package}\\t${Architecture}\\t${Version}", path)
        fields = done.out.split("\t")
        if not done.ok or len(fields) != 3:
            raise self.failure(f"{path} is no package that can be read", done)
        return Package(fields[0], fields[2], fields[1])

    def record(self, name: str) -> "dict[str, str]":
        done = self.host.run("dpkg-query", "-s", name)
        if not done.ok or "\nStatus: install ok installed" not in done.out:
            done = self.host.run("apt-cache", "show", "--no-all-versions", "--", name)
        if not done.ok:
            raise self.failure("apt-cache show", done)
        return fields_of(done.out)

    def depends(self, name: str) -> "list[str]":
        """Of alternatives the first."""
        record = self.record(name)
        fields = [record.get("Pre-Depends", ""), record.get("Depends", "")]
        parts = [part.split("|")[0].split() for field in fields for part in field.split(",")]
        return [words[0].split(":")[0] for words in parts if words]

    def reasons(self, out: str) -> "list[str]":
        return re.findall(_PROVIDED, out) + re.findall(_UNMET, out)

    def search(self, text: str) -> "list[tuple[str, str]]":
        done = self.host.run("apt-cache", "search", "--", re.escape(text))
        lines = [line.partition(" - ") for line in done.out.splitlines()]
        return [(name, summary) for name, _, summary in lines]

    def owner(self, path: str) -> "list[str]":
        done = self.host.run("dpkg-query", "-S", path)
        return [name for line in done.out.splitlines() for name in line.rpartition(": ")[0].split(", ") if name]

    def index(self) -> "dict[str, object]":
        """Release files by content, others by size: they are large."""
        state = {}  # type: dict[str, object]
        for path in self.find(["var/lib/apt/lists/*"]):
            name = os.path.basename(path)
            if name.endswith("Release"):
                with open(path, "rb") as release:
                    state[name] = release.read()
            elif os.path.isfile(path) and name != "lock":
                state[name] = os.path.getsize(path)
        return state


def _flags(options: "Options") -> "list[str]":
    flags = {
        "--allow-downgrades": options.allow_downgrade,
        "--allow-change-held-packages": options.allow_held,
        "--install-recommends": options.recommends is True,
        "--no-install-recommends": options.recommends is False,
        "--only-upgrade": options.only_upgrade,
        "--purge": options.purge,
        "--auto-remove": options.autoremove,
    }
    release = ["-t", options.release] if options.release else []
    return [flag for flag, is_set in flags.items() if is_set] + release


def _package(record: "list[str]", native: "list[str]") -> Package:
    name, arch, version, state, provides = record
    return Package(
        name,
        version,
        arch,
        is_native=arch in {*native, "all"},
        is_installed=state[1:2] in {"i", "W", "t"},  # W and t: only triggers of others are still to run
        is_held=state[:1] == "h",
        provides=[provided.split()[0] for provided in provides.split(",") if provided.strip()],
    )
