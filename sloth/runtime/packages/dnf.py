"""dnf, of Fedora, RHEL and their kin, by its command line. Written for dnf 4, which `yum` is on RHEL 8 and 9, too.

`dnf --assumeno` computes a transaction and makes none; the table that it prints is the plan.
"""

import re

from sloth.runtime.failure import ActionFailed
from sloth.runtime.packages.rpm import Rpm
from sloth.runtime.packages.tool import fields_of
from sloth.runtime.packages.words import Step

MYPY = False
if MYPY:
    from sloth.runtime.packages.words import Options, Wanted
    from sloth.runtime.process import Done

_VERBS = {
    "install": ["install"], "latest": ["install", "--best"], "file": ["install"], "remove": ["remove"],
    "upgrade": ["upgrade"], "full-upgrade": ["upgrade", "--allowerasing"], "autoremove": ["autoremove"],
}
_SECTION = re.compile(r"^(\w[\w ]*):$")
_ROW = re.compile(r"^ (\S+)\s+(\w+)\s+(\S+)\s+(\S+)\s+[\d.]+\s")
_LOCKS = "etc/dnf/plugins/versionlock.list"
_LOCKED_NAME = re.compile(r"^(?:\d+:)?([^\s#!]+?)-(?:\d+:)?[^-\s]+-[^-\s]+$", re.MULTILINE)


class Dnf(Rpm):
    """The packages of a host that has dnf."""

    program = "dnf"
    locked = ("Existing lock", "another copy is running", "Waiting for process with pid")
    hints = (
        ("Unable to find a match", "is the name right, and the index fresh? update_cache = true"),
        ("No such command: versionlock", 'its plugin is missing: pkg.install("python3-dnf-plugin-versionlock")'),
    )
    lacks = ("release", "purge")
    holds_only_versions = True
    index_folders = ("var/cache/dnf/*/repodata",)
    index_files = ("var/cache/dnf/*/repodata/repomd.xml",)
    package_files = ("var/cache/dnf/*/packages/*.rpm",)

    def spell(self, one: "Wanted") -> str:
        version = f"-{one.version}" if one.version else ""
        return one.name + version + (f".{one.arch}" if one.arch else "")

    def available(self, names: "list[str]") -> "list[str]":
        done = self.host.run("dnf", "-q", "repoquery", "--available", "--qf", "%{name}\n", *names)
        return list(dict.fromkeys(done.out.split()))

    def plan(self, verb: str, names: "list[str]", options: "Options") -> "list[Step]":
        done = self.host.run("dnf", *_VERBS[verb], "--assumeno", *_flags(verb, options), *names)
        steps = _steps(done.out)
        if not done.ok and "Operation aborted" not in done.err + done.out:
            raise self.failure(f"dnf {_VERBS[verb][0]}", done)
        return self._with_versions(steps) if steps else []

    def command(self, verb: str, names: "list[str]", options: "Options") -> "list[str]":
        return ["dnf", *_VERBS[verb], "-y", "-q", "--setopt=exit_on_lock=True", *_flags(verb, options), *names]

    def update_command(self) -> "list[str]":
        strict = ["--setopt=exit_on_lock=True", "--setopt=skip_if_unavailable=False"]
        return ["dnf", "makecache", "--refresh", "-q", *strict]

    def clean(self) -> None:
        self.change("", "dnf", "-q", "clean", "packages")

    def held(self) -> "set[str]":
        return self.named_in(_LOCKS, _LOCKED_NAME)

    def hold(self, names: "list[str]", is_held: bool) -> None:
        self.change("", "dnf", "-q", "versionlock", "add" if is_held else "delete", *names)

    def automatic(self) -> "set[str]":
        done = self._query("--installed", "--qf", "%{name}\n")
        return set(done.out.split()) - set(self._query("--userinstalled", "--qf", "%{name}\n").out.split())

    def mark_manual(self, names: "list[str]") -> None:
        self.change("", "dnf", "-q", "mark", "install", *names)

    def indexed_record(self, name: str) -> "dict[str, str]":
        done = self._query("--available", "--latest-limit=1", "--info", name)
        if not done.out.strip():
            raise ActionFailed(f"no package {name} in the index")
        return fields_of(done.out)

    def depends(self, name: str) -> "list[str]":
        return self._query("--requires", "--resolve", "--qf", "%{name}\n", name).out.split()

    def search(self, text: str) -> "list[tuple[str, str]]":
        done = self.host.run("dnf", "-q", "search", text)
        rows = [line.partition(" : ") for line in done.out.splitlines() if not line.startswith("=")]
        return [(name.rpartition(".")[0], summary) for name, _, summary in rows if summary]

    def _query(self, *words: str) -> "Done":
        done = self.host.run("dnf", "-q", "repoquery", *words)
        if not done.ok:
            raise self.failure("dnf repoquery", done)
        return done

    def _with_versions(self, steps: "list[Step]") -> "list[Step]":
        """The table has one version of each; what is installed tells the other."""
        there = {package.name: package.version for package in self.packages([step.name for step in steps])}
        return [
            Step(step.name, step.before or there.get(step.name), step.after, step.is_downgrade) for step in steps
        ]


def _steps(out: str) -> "list[Step]":
    section, steps = "", []
    for line in re.sub(r"^( \S+)\n {2,}", r"\1 ", out, flags=re.MULTILINE).splitlines():  # a long name has its own line
        heading = _SECTION.match(line)
        section = heading.group(1) if heading else section
        row = _ROW.match(line)
        if row is not None and section.startswith("Removing"):
            steps.append(Step(row.group(1), row.group(3), None))
        elif row is not None:
            steps.append(Step(row.group(1), None, row.group(3), section == "Downgrading"))
    return steps


def _flags(verb: str, options: "Options") -> "list[str]":
    flags = {
        "--disableplugin=versionlock": options.allow_held,
        "--setopt=install_weak_deps=True": options.recommends is True,
        "--setopt=install_weak_deps=False": options.recommends is False,
        f"--setopt=clean_requirements_on_remove={options.autoremove}": verb == "remove",
    }
    return [flag for flag, is_set in flags.items() if is_set]
