"""apt and dpkg by their command lines. python3-apt is never needed, nothing is written but by apt itself.

What is installed is asked of dpkg alone, which takes 5 ms; apt starts only when something is to be done.
What a transaction did is read from dpkg's database, before and after. A simulation (`apt-get -s`) only
looks: it needs no root and takes no lock, so check mode foretells and fails as the real run would.
"""

import os
import re
import time
from fnmatch import fnmatchcase

from sloth.runtime.failure import ActionFailed
from sloth.runtime.packages.words import Package, Step, steps_between
from sloth.runtime.privilege import become_hint

MYPY = False
if MYPY:
    from sloth.runtime.host import Host
    from sloth.runtime.packages.words import Options
    from sloth.runtime.process import Done

# One record a line; dpkg itself comes along with each question because its architecture is the host's own.
_RECORD = "${Package}\\t${Architecture}\\t${Version}\\t${db:Status-Abbrev}\\t${Provides}\\n"
_PLANNED = re.compile(r"^(Inst|Remv|Purg) (\S+)(?: \[([^\]]+)\])?(?: \((\S+))?", re.MULTILINE)
_ERRORS = re.compile(r"^(?:E|dpkg: error.*?):.*(?:\n +.*)*", re.MULTILINE)
_UNMET = re.compile(r"^The following packages have unmet dependencies:\n(?: .*\n?)+", re.MULTILINE)
_PROVIDED = re.compile(r"^Package \S+ is a virtual package provided by:\n(?: .*\n?)+", re.MULTILINE)
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
_VERBS = {"install": "install", "remove": "remove", "upgrade": "upgrade", "full-upgrade": "dist-upgrade",
          "autoremove": "autoremove"}
_LOCKED = "Could not get lock"
_RETRY = 2.0


class Apt:
    """The packages of a host that has apt."""

    program = "apt-get"

    def __init__(self, host: "Host", lock_timeout: float, root: str = "/") -> None:
        self.host = host
        self.lock_timeout = lock_timeout
        self.lists = os.path.join(root, "var/lib/apt/lists")
        self.states = os.path.join(root, "var/lib/apt/extended_states")
        self.archives = os.path.join(root, "var/cache/apt/archives")

    def packages(self, names: "list[str]") -> "list[Package]":
        """What dpkg knows of these names or patterns; of everything when none is given."""
        asked = ["dpkg", *names] if names else []
        done = self.host.run("dpkg-query", "-W", "-f", _RECORD, *asked)
        if done.code > 1:
            raise _failure("dpkg-query", done)
        records = [line.split("\t") for line in done.out.splitlines() if line.count("\t") == 4]
        native = [record[1] for record in records if record[0] == "dpkg"]
        known = [_package(record, native) for record in records if record[3][1:2] != "n"]  # n: a mere name
        is_asked = not names or any(fnmatchcase("dpkg", name) for name in names)
        return [package for package in known if package.name != "dpkg" or is_asked]

    def available(self, names: "list[str]") -> "list[str]":
        """Those of these names that apt could install by exactly this name; all there are when none is given."""
        if not names:
            return self.host.run("apt-cache", "pkgnames").out.split()
        out = self.host.run("apt-cache", "policy", "--", *names).out
        stanzas = re.findall(r"^(\S+):\n(?:  .*\n)*?  Candidate: (.+)$", out, re.MULTILINE)
        return [name for name, candidate in stanzas if candidate != "(none)"]

    def plan(self, verb: str, names: "list[str]", options: "Options") -> "list[Step]":
        """What a transaction would do. Only looks; fails as the transaction would."""
        done = self.host.run("apt-get", _VERBS[verb], "-s", "-y", "-q", *_flags(options), *_LITERAL, *names)
        if not done.ok:
            raise _failure(f"apt-get {_VERBS[verb]}", done)
        return [
            Step(name, before or None, after if act == "Inst" else None)
            for act, name, before, after in _PLANNED.findall(done.out)
        ]

    def transact(self, verb: str, names: "list[str]", options: "Options") -> "list[Step]":
        """Do it: install or remove these, upgrade or autoremove all. In check mode it is planned and noted."""
        note = " ".join(["apt-get", _VERBS[verb], *(["--purge"] if options.purge else []), *names])
        if self.host.check:
            steps = self.plan(verb, names, options)
            self.host.change("apt-get", _VERBS[verb], *names, note=note)
            return steps
        before = self.packages([])
        try:
            self._change(note, "apt-get", _VERBS[verb], "-y", "-q", "-o", "Dpkg::Use-Pty=0", *_CONFFILES,
                         *self._patience(), *_flags(options), *_LITERAL, *names)
        except ActionFailed:
            if _states(self.packages([])) != _states(before):
                self.host.changes.append(f"{note} (in part)")
            raise
        after = self.packages([])
        self._hold_again(before, after)
        return steps_between(before, after)

    def _hold_again(self, before: "list[Package]", after: "list[Package]") -> None:
        """Packages on hold that were changed lost their hold by it; to put it back is a part of that change."""
        held = {package.label for package in before if package.is_held}
        lost = [package.label for package in after if package.is_installed and not package.is_held]
        names = [label for label in lost if label in held]
        if names:
            done = self.host.run("apt-mark", "hold", *names)
            if not done.ok:
                raise _failure("apt-mark hold", done)

    def hold(self, names: "list[str]", is_held: bool) -> None:
        """Keep these as they are, or let them go again."""
        self._change("", "apt-mark", "hold" if is_held else "unhold", *names)

    def automatic(self) -> "set[str]":
        """The packages that are there only because others need them, as `name`."""
        try:
            with open(self.states, encoding="utf-8") as states:
                text = states.read()
        except FileNotFoundError:
            return set()
        return set(re.findall(r"^Package: (\S+)\n(?:\S.*\n)*?Auto-Installed: 1$", text, re.MULTILINE))

    def mark_manual(self, names: "list[str]") -> None:
        """Note that these are wanted for themselves."""
        self._change("", "apt-mark", "manual", *names)

    def is_fresh(self, valid_time: float) -> bool:
        """Whether the index was refreshed within so many seconds."""
        try:
            return time.time() - os.stat(self.lists).st_mtime < valid_time
        except FileNotFoundError:
            return False

    def refresh(self) -> bool:
        """Fetch the index; whether its content is another now. Any repository that fails is a failure."""
        before = self._index()
        until = time.monotonic() + self.lock_timeout
        while True:
            done = self.host.run("apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any")
            if _LOCKED not in done.err or time.monotonic() >= until:
                break
            self.host.sleep(_RETRY)
        if not done.ok or "Failed to fetch" in done.err:
            raise _failure("apt-get update", done)
        os.utime(self.lists)  # apt leaves it alone when every repository answers "not modified"
        return self._index() != before

    def cached(self) -> "list[str]":
        """Package files that were downloaded and kept."""
        try:
            return [name for name in os.listdir(self.archives) if name.endswith(".deb")]
        except FileNotFoundError:
            return []

    def clean(self) -> None:
        """Drop them."""
        self._change("", "apt-get", "clean")

    def file(self, path: str) -> Package:
        """The package in a file."""
        done = self.host.run("dpkg-deb", "--show", "--showformat=${Package}\\t${Architecture}\\t${Version}", path)
        fields = done.out.split("\t")
        if not done.ok or len(fields) != 3:
            raise _failure(f"{path} is no package that can be read", done)
        return Package(fields[0], fields[2], fields[1])

    def record(self, name: str) -> "dict[str, str]":
        """The fields of a package: as installed, else as the index has it."""
        done = self.host.run("dpkg-query", "-s", name)
        if not done.ok or "\nStatus: install ok installed" not in done.out:
            done = self.host.run("apt-cache", "show", "--no-all-versions", "--", name)
        if not done.ok:
            raise _failure("apt-cache show", done)
        return _fields(done.out)

    def search(self, text: str) -> "list[tuple[str, str]]":
        """Name and summary of packages in the index whose name or description has this in it."""
        done = self.host.run("apt-cache", "search", "--", re.escape(text))
        lines = [line.partition(" - ") for line in done.out.splitlines()]
        return [(name, summary) for name, _, summary in lines]

    def owner(self, path: str) -> "list[str]":
        """The packages that a file belongs to."""
        done = self.host.run("dpkg-query", "-S", path)
        return [name for line in done.out.splitlines() for name in line.rpartition(": ")[0].split(", ") if name]

    def _patience(self) -> "list[str]":
        return ["-o", f"DPkg::Lock::Timeout={int(self.lock_timeout)}"]

    def _change(self, note: str, *argv: str) -> None:
        """Run a program that changes something; while another holds apt's lock, wait and try again."""
        until = time.monotonic() + self.lock_timeout
        while True:
            try:
                self.host.change(*argv, env=_SILENT, note=note)
            except ActionFailed as error:
                if _LOCKED not in str(error.result.get("stderr")) or time.monotonic() >= until:
                    raise _explained(note or " ".join(argv[:2]), error) from error
                self.host.sleep(_RETRY)
            else:
                return

    def _index(self) -> "dict[str, bytes | int]":
        """What tells one state of the index from another: release files by content, others by size."""
        state = {}  # type: dict[str, bytes | int]
        for name in os.listdir(self.lists) if os.path.isdir(self.lists) else []:
            path = os.path.join(self.lists, name)
            if name.endswith("Release"):
                with open(path, "rb") as release:
                    state[name] = release.read()
            elif os.path.isfile(path) and name != "lock":
                state[name] = os.path.getsize(path)
        return state


def _states(packages: "list[Package]") -> "set[tuple[str, str, bool]]":
    return {(package.label, package.version, package.is_installed) for package in packages}


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


def _fields(text: str) -> "dict[str, str]":
    fields = {}  # type: dict[str, str]
    key = ""
    for line in text.partition("\n\n")[0].splitlines():
        if line.startswith(" "):
            fields[key] += "\n" + line.strip()
        else:
            key, _, value = line.partition(":")
            fields[key] = value.strip()
    return fields


def _failure(what: str, done: "Done") -> ActionFailed:
    return _explained(what, ActionFailed("", exit_code=done.code, stdout=done.out, stderr=done.err))


def _explained(what: str, error: ActionFailed) -> ActionFailed:
    """A failure in the manager's own words, with what helps."""
    out, err = str(error.result.get("stdout", "")), str(error.result.get("stderr", ""))
    said = _PROVIDED.findall(out) + _UNMET.findall(out) + _ERRORS.findall(err)
    words = " / ".join(re.sub(r"\s+", " ", text).strip() for text in said) or err.strip() or error.message
    hints = "".join(f" ({hint})" for sign, hint in _HINTS if sign in words)
    return ActionFailed(f"{what}: {words}{become_hint([err]) or hints}", **error.result)
