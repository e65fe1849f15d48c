"""The database of rpm, which dnf and zypper share: what is installed is asked here alone, in a few milliseconds."""

import abc
import os

from sloth.runtime.packages.tool import Tool, fields_of
from sloth.runtime.packages.words import Package

_RECORD = "%{NAME}\\t%{ARCH}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\t[%{PROVIDENAME} ]\\n"
_KEYS = "gpg-pubkey"  # what rpm keeps like a package


class Rpm(Tool):
    """The packages of a host that has rpm; what fetches and installs them is told by subclasses."""

    def packages(self, names: "list[str]") -> "list[Package]":
        done = self.host.run("rpm", "-qa", "--qf", _RECORD, *(name.split(":")[0] for name in names))
        if not done.ok:
            raise self.failure("rpm -qa", done)
        held = self.held()
        records = [line.split("\t") for line in done.out.splitlines() if line.count("\t") == 3]
        return [_package(record, held) for record in records if record[0] != _KEYS]

    def held(self) -> "set[str]":
        """The names of packages that are on hold."""
        return set()

    def file(self, path: str) -> Package:
        done = self.host.run("rpm", "-qp", "--qf", _RECORD, path)
        if not done.ok or done.out.count("\t") != 3:
            raise self.failure(f"{path} is no package that can be read", done)
        return _package(done.out.rstrip("\n").split("\t"), set())

    def record(self, name: str) -> "dict[str, str]":
        done = self.host.run("rpm", "-qi", name)
        if not done.ok:
            return self.indexed_record(name)
        return fields_of(done.out)

    @abc.abstractmethod
    def indexed_record(self, name: str) -> "dict[str, str]":
        """The fields of a package that is not installed."""

    def provided(self, names: "list[str]") -> "set[str]":
        return {name for name in names if self.host.ok("rpm", "-q", "--whatprovides", name)}

    def owner(self, path: str) -> "list[str]":
        done = self.host.run("rpm", "-qf", "--qf", "%{NAME}\\n", path)
        return done.out.split() if done.ok else []


def _package(record: "list[str]", held: "set[str]") -> Package:
    name, arch, version, provides = record
    machine = os.uname().machine
    return Package(
        name, version, arch, is_native=arch in {"noarch", "(none)", machine}, is_held=name in held,
        provides=[one for one in provides.split() if one != name],
        short=version.rpartition(":")[2].rpartition("-")[0],
    )
