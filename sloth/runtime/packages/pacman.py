"""pacman, of Arch and its kin, by its command line. `--print` computes a transaction, makes none and needs no root.

The index and the packages belong together there: what is installed from a fresh index onto an old system may not fit
it, so update_cache is best followed by pkg.upgrade.
"""

from sloth.runtime.failure import ActionFailed
from sloth.runtime.packages.tool import Tool, fields_of
from sloth.runtime.packages.words import Package, Step

MYPY = False
if MYPY:
    from sloth.runtime.packages.words import Options, Wanted
    from sloth.runtime.process import Done

_VERBS = {"install": "-S", "latest": "-S", "file": "-U", "remove": "-Rc", "upgrade": "-Su", "full-upgrade": "-Su",
          "autoremove": "-Rs"}
_PRINT = ("--print", "--print-format", "%n %v")


class Pacman(Tool):
    """The packages of a host that has pacman."""

    program = "pacman"
    locked = ("unable to lock database",)
    hints = (
        ("target not found", "is the name right, and the index fresh? update_cache = true"),
        ("unable to lock database", "another program works on packages; lock_timeout says how long to wait for it"),
    )
    lacks = ("release", "recommends", "allow_held")
    index_folders = ("var/lib/pacman/sync",)
    index_files = ("var/lib/pacman/sync/*.db",)
    package_files = ("var/cache/pacman/pkg/*.pkg.tar*",)

    def packages(self, names: "list[str]") -> "list[Package]":
        """All of them: it is quick, and an unknown name would be a failure."""
        del names
        done = self.host.run("pacman", "-Q")
        if not done.ok and done.out:
            raise self.failure("pacman -Q", done)
        held = self.host.run("pacman-conf", "IgnorePkg").out.split() if self.host.has("pacman-conf") else []
        return [_package(line, held) for line in done.out.splitlines() if " " in line]

    def available(self, names: "list[str]") -> "list[str]":
        every = self.host.run("pacman", "-Slq").out.split()
        return [name for name in every if not names or name in names]

    def provided(self, names: "list[str]") -> "set[str]":
        return set(names) - set(self.host.run("pacman", "-T", *names).out.split()) if names else set()

    def spell(self, one: "Wanted") -> str:
        if one.arch or any(char in one.version for char in "*?["):
            raise ActionFailed(f"pacman takes a whole version and no architecture, not {super().spell(one)}")
        return super().spell(one)

    def plan(self, verb: str, names: "list[str]", options: "Options") -> "list[Step]":
        names = self._names(verb, names)
        if verb == "autoremove" and not names:
            return []
        done = self.host.run("pacman", *_flags(verb, options), *_PRINT, *names)
        if not done.ok:
            raise self.failure(f"pacman {_VERBS[verb]}", done)
        there = {package.name: package.version for package in self.packages([])}
        planned = [line.split() for line in done.out.splitlines() if len(line.split()) == 2]
        if _VERBS[verb].startswith("-R"):
            return [Step(name, version, None) for name, version in planned]
        steps = [Step(name, there.get(name), version) for name, version in planned]
        return [Step(one.name, one.before, one.after, self._is_lower(one)) for one in steps]

    def command(self, verb: str, names: "list[str]", options: "Options") -> "list[str]":
        return ["pacman", *_flags(verb, options), "--noconfirm", "--noprogressbar", *self._names(verb, names)]

    def update_command(self) -> "list[str]":
        return ["pacman", "-Sy", "--noconfirm"]

    def clean(self) -> None:
        self.change("remove downloaded packages", "rm", "-f", "--", *self.cached())

    def hold(self, names: "list[str]", is_held: bool) -> None:
        del names, is_held
        raise ActionFailed("pacman has no command that holds packages; IgnorePkg in /etc/pacman.conf does")

    def automatic(self) -> "set[str]":
        return set(self.host.run("pacman", "-Qdq").out.split())

    def mark_manual(self, names: "list[str]") -> None:
        self.change("", "pacman", "-D", "--asexplicit", *names)

    def file(self, path: str) -> Package:
        done = self.host.run("pacman", "-Qp", path)
        if not done.ok or len(done.out.split()) != 2:
            raise self.failure(f"{path} is no package that can be read", done)
        return _package(done.out, [])

    def record(self, name: str) -> "dict[str, str]":
        done = self.host.run("pacman", "-Qi", name)
        if not done.ok:
            done = self.host.run("pacman", "-Si", name)
        if not done.ok:
            raise self.failure("pacman -Si", done)
        return fields_of(done.out)

    def depends(self, name: str) -> "list[str]":
        words = self.record(name).get("Depends On", "").split()
        return [word.partition("=")[0].rstrip("<>") for word in words if word != "None"]

    def search(self, text: str) -> "list[tuple[str, str]]":
        lines = self.host.run("pacman", "-Ss", text).out.splitlines()
        heads = [(at, line) for at, line in enumerate(lines) if line and not line.startswith(" ")]
        return [(line.split()[0].partition("/")[2], lines[at + 1].strip()) for at, line in heads if at + 1 < len(lines)]

    def owner(self, path: str) -> "list[str]":
        return self.host.run("pacman", "-Qqo", path).out.split()

    def was_fetched(self, done: "Done") -> bool:
        return done.ok and "failed retrieving" not in done.err

    def _names(self, verb: str, names: "list[str]") -> "list[str]":
        """What nothing needs any more has no command of its own: it is listed, then removed."""
        return self.host.run("pacman", "-Qdtq").out.split() if verb == "autoremove" else names

    def _is_lower(self, step: Step) -> bool:
        if step.before is None or step.after is None:
            return False
        return self.host.run("vercmp", step.after, step.before).out.startswith("-")


def _package(line: str, held: "list[str]") -> Package:
    name, version = line.split()[:2]
    return Package(name, version, is_held=name in held, short=version.rpartition(":")[2].rpartition("-")[0])


def _flags(verb: str, options: "Options") -> "list[str]":
    flag = _VERBS[verb]
    if verb in {"remove", "autoremove"}:
        flag += "s" if options.autoremove and verb == "remove" else ""
        return [flag + ("n" if options.purge else "")]
    return [flag] if verb in {"upgrade", "full-upgrade"} else [flag, "--needed"]
