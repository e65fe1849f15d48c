"""Checks: what has to be so. One that holds changes nothing and says so; one that does not is a failure.

They only look, in check mode as well. `sloth verify` runs the checks of a workflow and reports them as tests.
"""

import os
import re
import stat

from sloth.runtime import files, sockets, web
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted, group_name
from sloth.runtime.facts.population import processes
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.host import last_words
from sloth.runtime.packages.choice import manager_of
from sloth.runtime.packages.words import wanted
from sloth.runtime.place import raw, user_name

MYPY = False
if MYPY:

    from sloth.runtime.action import Duration, Mode
    from sloth.runtime.host import Host
    from sloth.runtime.packages.words import Package
    from sloth.runtime.process import Done

_SHOWN = 200  # characters of an output that a failure shows


@action
def file_exists(host: "Host", *, path: str) -> None:
    """There is something at this path.

    path: the path

    example: infra_test.file_exists("/etc/nginx/nginx.conf")
    """
    _require(host, _stat(host, path) is not None, f"{path} does not exist")


@action
def is_file(host: "Host", *, path: str) -> None:
    """There is a regular file at this path.

    path: the path

    example: infra_test.is_file("/etc/nginx/nginx.conf")
    """
    found = _there(host, path)
    _require(host, found is None or stat.S_ISREG(found.st_mode), f"{path} is {_kind(found)}")


@action
def is_directory(host: "Host", *, path: str) -> None:
    """There is a directory at this path.

    path: the path

    example: infra_test.is_directory("/srv/www")
    """
    found = _there(host, path)
    _require(host, found is None or stat.S_ISDIR(found.st_mode), f"{path} is {_kind(found)}")


@action(synonyms={"text": ("content", "string")})
def file_contains(host: "Host", *, path: str, text: "str | None" = None, pattern: "str | None" = None) -> None:
    """A file has this text in it, or a line that this regular expression is found in.

    path: the file
    text: the text, as it is
    pattern: a regular expression (Python's), in place of a text

    example: infra_test.file_contains("/etc/ssh/sshd_config", "PermitRootLogin no")
    example: infra_test.file_contains { path = "/etc/hosts", pattern = [[^127\\.0\\.0\\.1\\s]] }
    """
    if (text is None) == (pattern is None):
        raise BadArguments("infra_test.file_contains: give either text or pattern")
    if _there(host, path) is None:
        return
    with open(raw(files.absolute(host, path)), "rb") as file:
        content = file.read().decode("utf-8", "surrogateescape")
    holds = text in content if text is not None else _searched(str(pattern), content)
    _require(host, holds, f"{path} does not have {text or pattern!r} in it")


@action
def file_mode(host: "Host", *, path: str, mode: "Mode") -> None:
    """A path has this mode.

    path: the path
    mode: such as "0644"

    example: infra_test.file_mode("/etc/shadow", "0640")
    """
    found = _there(host, path)
    if found is not None:
        now = stat.S_IMODE(found.st_mode)
        bits = Wanted(mode).bits(now, stat.S_ISDIR(found.st_mode))
        _require(host, bits == now, f"{path} has the mode {now:04o}, wanted {bits:04o}")


@action
def file_owner(host: "Host", *, path: str, owner: "str | int") -> None:
    """A path belongs to this user.

    path: the path
    owner: the name or number of the user

    example: infra_test.file_owner("/srv/www", "www-data")
    """
    found = _there(host, path)
    if found is not None:
        now = user_name(found.st_uid)
        _require(host, str(owner) in (now, str(found.st_uid)), f"{path} belongs to {now}, wanted {owner}")


@action
def file_group(host: "Host", *, path: str, group: "str | int") -> None:
    """A path belongs to this group.

    path: the path
    group: the name or number of the group

    example: infra_test.file_group("/srv/www", "www-data")
    """
    found = _there(host, path)
    if found is not None:
        now = group_name(found.st_gid)
        _require(host, str(group) in (now, str(found.st_gid)), f"{path} is of the group {now}, wanted {group}")


@action
def file_size(
    host: "Host", *, path: str, size: "int | None" = None, least: "int | None" = None, most: "int | None" = None
) -> None:
    """A file has this size, or one in between.

    path: the file
    size: bytes
    least: it has to have as many bytes at least
    most: it may have as many bytes at most

    example: infra_test.file_size { path = "/var/log/app.log", most = 10485760 }
    """
    found = _there(host, path)
    if found is not None:
        now = found.st_size
        holds = (size is None or now == size) and (least is None or now >= least) and (most is None or now <= most)
        _require(host, holds, f"{path} has {now} bytes")


@action
def port_is_listening(host: "Host", *, port: int) -> None:
    """Something on this host listens at a TCP port, on whatever address.

    port: its number

    example: infra_test.port_is_listening(80)
    """
    _require(host, port in sockets.listening(), f"nothing listens at port {port}")


@action
def port_is_tcp(host: "Host", *, port: int, patience: "Duration" = 3.0) -> None:
    """A TCP port of this host accepts connections on 127.0.0.1.

    port: its number
    patience: how long to wait for an answer

    example: infra_test.port_is_tcp(80)
    """
    _require(host, sockets.is_open(host, "127.0.0.1", port, patience), f"port {port} accepts no connection")


@action(synonyms={"address": ("host",)})
def can_connect(host: "Host", *, address: str, port: int, patience: "Duration" = 3.0) -> None:
    """This host reaches a TCP port of another.

    address: the name or address of the other
    port: its number
    patience: how long to wait for an answer

    example: infra_test.can_connect("db1", 5432)
    """
    _require(host, sockets.is_open(host, address, port, patience), f"{address}:{port} cannot be reached")


@action(synonyms={"address": ("host",)})
def ping(host: "Host", *, address: str, patience: "Duration" = 3.0) -> None:
    """An address answers to an ICMP echo, by the program ping.

    address: a name or address
    patience: how long to wait for the answer

    example: infra_test.ping("10.0.0.1")
    """
    if not host.has("ping"):
        raise ActionFailed("infra_test.ping: there is no ping on this host; the package is iputils-ping or iputils")
    answered = host.ok("ping", "-n", "-q", "-c", "1", "-W", str(max(1, round(patience))), "--", address)
    _require(host, answered, f"{address} does not answer")


@action(synonyms={"name": ("service",)})
def service_is_running(host: "Host", *, name: str) -> None:
    """A service runs now.

    name: its unit

    example: infra_test.service_is_running("nginx")
    """
    _require(host, host.ok("systemctl", "is-active", "--quiet", "--", name), f"{name} does not run")


@action(synonyms={"name": ("service",)})
def service_is_enabled(host: "Host", *, name: str) -> None:
    """A service starts at boot.

    name: its unit

    example: infra_test.service_is_enabled("nginx")
    """
    _require(host, host.ok("systemctl", "is-enabled", "--quiet", "--", name), f"{name} does not start at boot")


@action
def process_is_running(host: "Host", *, name: str) -> None:
    """A process of this name, or with this text in its command line, is there.

    name: the name or text

    example: infra_test.process_is_running("nginx: master")
    """
    _require(host, bool(_processes(host, name)), f"there is no process {name}")


@action
def process_count(
    host: "Host", *, name: str, count: "int | None" = None, least: "int | None" = None, most: "int | None" = None
) -> None:
    """As many processes of this name, or with this text in their command line, are there.

    name: the name or text
    count: exactly so many
    least: at least so many
    most: at most so many

    example: infra_test.process_count { name = "php-fpm", least = 2 }
    """
    now = len(_processes(host, name))
    holds = (count is None or now == count) and (least is None or now >= least) and (most is None or now <= most)
    _require(host, holds, f"there are {now} processes {name}")


@action(synonyms={"command": ("cmd",)})
def command_succeeds(host: "Host", *, command: str) -> None:
    """A line for the shell exits with 0. It must only look: it is run in check mode, too.

    command: the line

    example: infra_test.command_succeeds("nginx -t")
    """
    done = _shell(host, command)
    _require(host, done.ok, f"{command}: exit code {done.code}: {last_words(done)}")


@action(synonyms={"command": ("cmd",)})
def command_fails(host: "Host", *, command: str) -> None:
    """A line for the shell does not exit with 0. It must only look: it is run in check mode, too.

    command: the line

    example: infra_test.command_fails("id guest")
    """
    _require(host, not _shell(host, command).ok, f"{command}: it succeeds")


@action(synonyms={"command": ("cmd",)})
def command_stdout_contains(host: "Host", *, command: str, text: str) -> None:
    """What a line for the shell prints has this text in it. It must only look: it is run in check mode, too.

    command: the line
    text: the text

    example: infra_test.command_stdout_contains("sysctl net.ipv4.ip_forward", "= 1")
    """
    out = _shell(host, command).out
    _require(host, text in out, f"{command}: printed {_short(out)}, without {text!r}")


@action(synonyms={"command": ("cmd",)})
def command_stderr_is_empty(host: "Host", *, command: str) -> None:
    """A line for the shell complains about nothing. It must only look: it is run in check mode, too.

    command: the line

    example: infra_test.command_stderr_is_empty("nginx -t -q")
    """
    err = _shell(host, command).err
    _require(host, not err.strip(), f"{command}: complained: {_short(err)}")


@action(synonyms={"command": ("cmd",)})
def command_output_equals(host: "Host", *, command: str, text: str) -> None:
    """What a line for the shell prints is this text, but for white space at its ends. It must only look.

    command: the line
    text: the text

    example: infra_test.command_output_equals("cat /etc/timezone", "Europe/Berlin")
    """
    out = _shell(host, command).out
    _require(host, out.strip() == text.strip(), f"{command}: printed {_short(out)}, wanted {text!r}")


@action(synonyms={"name": ("package",)})
def package_is_installed(host: "Host", *, name: str) -> None:
    """A package is installed.

    name: the package, also name=version

    example: infra_test.package_is_installed("nginx")
    """
    _require(host, bool(_installed(host, name)), f"{name} is not installed")


@action(synonyms={"name": ("package",)})
def package_version(host: "Host", *, name: str, version: str) -> None:
    """A package is installed in this version.

    name: the package
    version: the version; 1.0* is any 1.0

    example: infra_test.package_version("nginx", "1.22*")
    """
    found = _installed(host, name)
    now = found[0].version if found else "nothing"
    _require(host, bool(_installed(host, f"{name}={version}")), f"{name}: {now} is installed, wanted {version}")


@action
def http_status(host: "Host", *, url: str, status: int = 200, verify: bool = True) -> None:
    """An address answers with this status.

    url: the address
    status: the status
    verify: whether the certificate has to be good

    example: infra_test.http_status("http://localhost/", 200)
    """
    asked = web.Request("GET", url, verify=verify)
    try:
        now = str(web.send(host, asked).status)
    except ActionFailed as error:
        now = error.message
    _require(host, now == str(status), f"GET {url}: {now}, wanted {status}")


def _require(host: "Host", holds: bool, otherwise: str) -> None:
    """A check that fails is a failure; in check mode an earlier task may be about to bring what it wants."""
    if not holds and (host.settings.verify or not host.is_to_come(otherwise)):
        raise ActionFailed(otherwise)


def _stat(host: "Host", path: str) -> "os.stat_result | None":
    try:
        return os.stat(raw(files.absolute(host, path)))
    except (FileNotFoundError, NotADirectoryError):
        return None


def _there(host: "Host", path: str) -> "os.stat_result | None":
    """What stat(2) says of a path that has to be there; None in a check that it may pass later."""
    found = _stat(host, path)
    _require(host, found is not None, f"{path} does not exist")
    return found


def _kind(found: "os.stat_result | None") -> str:
    return "" if found is None else files.kind(found.st_mode)


def _searched(pattern: str, content: str) -> bool:
    try:
        return re.search(pattern, content, re.MULTILINE) is not None
    except re.error as error:
        raise BadArguments(f"{pattern!r} is no regular expression: {error}") from error


def _processes(host: "Host", name: str) -> "list[object]":
    own = os.getpid()
    return [
        one for one in processes(host) if one["pid"] != own and (one["name"] == name or name in str(one["command"]))
    ]


def _shell(host: "Host", command: str) -> "Done":
    return host.execute(["/bin/sh", "-c", command], cwd=host.settings.workdir)


def _installed(host: "Host", name: str) -> "list[Package]":
    one = wanted([name])[0]
    return [package for package in manager_of(host).packages([one.label]) if one.is_met_by(package)]


def _short(text: str) -> str:
    whole = text.strip()
    return repr(whole if len(whole) <= _SHOWN else whole[:_SHOWN] + "…")
