"""The calls of the sweeps: one of each action that changes something on a host, one of each that does not."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sloth.runtime.action import Action
from sloth.runtime.catalog import Catalog
from tests.applying import Act
from tests.integration.sweep.world import FLAT, MOUNT, MOUNTED, PACKED, PGP, ROOM, SCRIPT, TEMPLATE, TREE, WORDS

CATALOG = Catalog()
KEY = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"k" * 32).decode()
HASH = "$6$saltsalt$" + "x" * 86


@dataclass(frozen=True, slots=True)
class Row:
    """One call. Each time it is made again it reports `again`; named: arguments, with paths below ROOM where wanted."""

    action: str
    named: Mapping[str, object]
    again: str = "ok"

    @property
    def module(self) -> str:
        return self.action.partition(".")[0]

    @property
    def act(self) -> Act:
        return Act(self.action, self.named)

    @property
    def declared(self) -> Action:
        return CATALOG.find(*self.action.split("."))


def below(name: str) -> str:
    return f"{ROOM}/{name}"


def flat(name: str) -> str:
    return f"{FLAT}/{name}"


REPOSITORY = {"name": "sweep", "url": "copy:/srv/sloth-sweep-repo", "suites": "./", "trusted": True}
WEB = "http://127.0.0.1:8099"
SUM = "sha256:" + hashlib.sha256(b"content\n").hexdigest()
ALWAYS = {"again": "changed"}
ROWS = (
    Row("exec.run", {"command": "touch run", "workdir": ROOM}, **ALWAYS),
    Row("exec.check", {"command": "touch check", "workdir": ROOM}, **ALWAYS),
    Row("exec.sh", {"script": "cd closed\ntouch ../sh", "workdir": ROOM}, **ALWAYS),
    Row("exec.command", {"program": "touch", "args": [below("command")]}, **ALWAYS),
    Row("exec.script", {"src": SCRIPT, "args": [below("script")]}, **ALWAYS),
    Row("file_ops.copy", {"src": TREE, "dest": below("copy/"), "mode": "preserve"}),
    Row("file_ops.template", {"src": TEMPLATE, "dest": below("template"), "vars": {"words": WORDS}, "mode": "0640"}),
    Row("file_ops.lineinfile", {"path": below("lines"), "line": "three = $3 \\1 'ü'"}),
    Row("file_ops.blockinfile", {"path": below("block"), "block": WORDS}),
    Row("file_ops.directory", {"path": below("made/deep ü"), "mode": "0750"}),
    Row("file_ops.touch", {"path": below("touched")}, **ALWAYS),
    Row("file_ops.link", {"src": "old", "dest": below("link")}),
    Row("file_ops.absent", {"path": below("tree")}),
    Row("file_ops.permissions", {"path": below("mode"), "mode": "0644", "owner": "deploy"}),
    Row("file_ops.sync", {"src": TREE, "dest": below("synced/deep"), "delete": True}),
    Row("file_ops.fetch", {"src": below("lines")}),
    Row("file_ops.download", {"url": f"{WEB}/file", "dest": below("downloaded 2"), "checksum": SUM}),
    Row("file_ops.replace", {"path": below("replaced"), "pattern": "^(k).*", "replacement": "\\1 = $2 'ü'"}),
    Row("file_ops.ini", {"path": below("x.ini"), "section": "a", "option": "ü", "value": "1 2"}),
    Row("file_ops.archive", {"paths": [below("packed")], "dest": below("packed.tar.xz")}),
    Row("file_ops.unarchive", {"src": PACKED, "dest": below("unpacked/deep"), "strip": 1}),
    Row("http.download", {"url": f"{WEB}/file", "dest": below("downloaded"), "mode": "0640"}),
    Row("http.request", {"method": "OPTIONS", "url": WEB}, **ALWAYS),
    Row("http.post", {"url": WEB, "json": {"a": 1}}, **ALWAYS),
    Row("net.http_post", {"url": WEB, "body": "x"}, **ALWAYS),
    Row("http.put", {"url": WEB, "body": "x"}, **ALWAYS),
    Row("http.patch", {"url": WEB, "body": "x"}, **ALWAYS),
    Row("http.delete", {"url": WEB}, **ALWAYS),
    Row("git.clone", {"url": flat("git/origin"), "path": flat("cloned")}),
    Row("git.pull", {"path": flat("git/behind")}),
    Row("git.checkout", {"path": flat("git/elsewhere"), "version": "new", "create": True}),
    Row("git.ensure_clean", {"path": flat("git/dirty")}),
    Row("git.commit", {"path": flat("git/ahead"), "message": "ü 'x'", "author": "Ann <a@b>"}),
    Row("git.tag", {"path": flat("git/tagged"), "name": "v1"}),
    Row("git.push", {"path": flat("git/pushed")}),
    Row("fs.write", {"path": below("old"), "content": WORDS}),
    Row("fs.append", {"path": below("appended"), "content": WORDS}, **ALWAYS),
    Row("fs.mkdir", {"path": below("mkdir/b"), "mode": "0700"}),
    Row("fs.rm", {"path": below("removed")}),
    Row("fs.rmr", {"path": below("tree2")}),
    Row("fs.copy", {"src": below("copied"), "dest": below("copied 2")}),
    Row("fs.move", {"src": below("moved"), "dest": below("moved 2")}),
    Row("pkg.install", {"packages": ["sweep-install"]}),
    Row("pkg.latest", {"packages": ["sweep-latest"]}),
    Row("pkg.remove", {"packages": ["sweep-remove"]}),
    Row("pkg.hold", {"packages": ["sweep-hold"]}),
    Row("pkg.unhold", {"packages": ["sweep-unhold"]}),
    Row("pkg.upgrade", {}),
    Row("pkg.autoremove", {}),
    Row("pkg.install_local", {"path": flat("local ü.deb")}),
    Row("pkg.clean", {}),
    Row("pkg.key", {"name": "sweep", "src": PGP}),
    Row("pkg.repository", {**REPOSITORY, "update_cache": False}),  # for the index is pkg.update's to fetch
    Row("pkg.update", {}),
    Row("systemd.running", {"name": "sweep-running"}),
    Row("systemd.start", {"name": "sweep-start"}),
    Row("systemd.stop", {"name": "sweep-stop"}),
    Row("systemd.restart", {"name": "sweep-restart"}, **ALWAYS),
    Row("systemd.reload", {"name": "sweep-reload"}, **ALWAYS),
    Row("systemd.enable", {"name": "sweep-enable"}),
    Row("systemd.disable", {"name": "sweep-disable"}),
    Row("systemd.mask", {"name": "sweep-mask"}),
    Row("systemd.unmask", {"name": "sweep-unmask"}),
    Row("systemd.daemon_reload", {}, **ALWAYS),
    Row(
        "systemd.create_service",
        {"name": "sweep-new", "exec_start": "/bin/sleep 9", "environment": {"A": 'a "b" 5% ü'}},
    ),
    Row("systemd.remove_service", {"name": "sweep-removed"}),
    Row("systemd.timer", {"name": "sweep-timer", "on_calendar": "daily"}),
    Row("service.running", {"name": "sweep-s-running"}),
    Row("service.start", {"name": "sweep-s-start"}),
    Row("service.stop", {"name": "sweep-s-stop"}),
    Row("service.restart", {"name": "sweep-restart"}, **ALWAYS),
    Row("service.reload", {"name": "sweep-reload"}, **ALWAYS),
    Row("service.enable", {"name": "sweep-s-enable"}),
    Row("service.disable", {"name": "sweep-s-disable"}),
    Row("user.create", {"name": "sweep-new", "comment": "Ann Ä", "groups": ["users"]}),
    Row("user.modify", {"name": "sweep-modify", "shell": "/bin/bash"}),
    Row("user.delete", {"name": "sweep-delete", "remove": True}),
    Row("user.lock", {"name": "sweep-lock"}),
    Row("user.unlock", {"name": "sweep-unlock"}),
    Row("user.set_password", {"name": "sweep-password", "password": HASH}),
    Row("user.add_to_group", {"name": "sweep-add", "groups": ["users"]}),
    Row("user.remove_from_group", {"name": "sweep-leave", "groups": ["users"]}),
    Row("user.group_create", {"name": "sweep-team"}),
    Row("user.group_delete", {"name": "sweep-gone"}),
    Row("cron.add", {"name": "sweep ü", "schedule": "daily", "command": "echo 'a' $b", "cron_file": "sweep", "user": "root"}),
    Row("cron.remove", {"name": "sweep-gone", "user": "root"}),
    Row("cron.enable", {"name": "sweep-on", "user": "root"}),
    Row("cron.disable", {"name": "sweep-off", "user": "root"}),
    Row("cron.env", {"name": "MAILTO", "value": "sweep@example.org", "user": "root"}),
    Row("sysctl.set", {"name": "net.ipv4.ip_default_ttl", "value": 65}),
    Row("sysctl.remove", {"name": "kernel.sweep"}),
    Row("hostname.set", {"name": "sweep-name"}),
    Row("timezone.set", {"name": "Europe/Berlin"}),
    Row("mount.mount", {"path": MOUNT, "src": "tmpfs", "fstype": "tmpfs", "opts": ["size=1m", "noexec"]}),
    Row("mount.unmount", {"path": MOUNTED, "fstab": True}),
    Row("mount.fstab", {"path": MOUNT + " later", "src": "LABEL=ü x", "fstype": "ext4", "opts": ["noauto"]}),
    Row("sshd.option", {"key": "MaxAuthTries", "value": 5}),
    Row("sshd.options", {"options": {"MaxSessions": 9, "LoginGraceTime": "1m"}}),
    Row("user.ssh_key", {"user": "sweep-key", "comment": "ü 'x'"}),
    Row("user.authorized_key", {"user": "sweep-key", "key": KEY}),
)


@dataclass(frozen=True, slots=True)
class Question:
    """One call that changes nothing. stable: the value is the same a moment later; answers: there is a value."""

    action: str
    named: Mapping[str, object]
    stable: bool = True
    answers: bool = True

    @property
    def declared(self) -> Action:
        return CATALOG.find(*self.action.split("."))


CHANGING: dict[str, bool] = {"stable": False}
MUTE: dict[str, bool] = {"answers": False}
THERE, GIT, CRON = below("lines"), flat("git/tagged"), {"cron_file": "sweep-none"}
NAMED = {"name": "cron"}
QUESTIONS = (
    Question("artifact.keep", {"paths": [THERE]}),
    Question("artifact.find", {}, **CHANGING),
    Question("cron.list", CRON),
    Question("cron.exists", {"name": "ü", **CRON}),
    Question("cron.validate_schedule", {"schedule": "daily"}),
    Question("event.dispatch", {"name": "sweep.asked"}),
    Question("facts.get", {"names": ["os"]}),
    Question("facts.names", {}),
    Question("facts.all", {}, **CHANGING),
    Question("file_ops.stat", {"path": THERE, "checksum": True}, **CHANGING),  # looking sets the time of access
    Question("file_ops.find", {"paths": [ROOM], "patterns": ["li*"]}, **CHANGING),
    Question("fs.read", {"path": THERE}),
    Question("fs.exists", {"path": THERE}),
    Question("fs.is_file", {"path": THERE}),
    Question("fs.is_dir", {"path": ROOM}),
    Question("fs.ls", {"path": ROOM}),
    Question("fs.glob", {"pattern": f"{ROOM}/li*"}),
    Question("fs.size", {"path": THERE}),
    Question("fs.tmpname", {}, **CHANGING),
    Question("fs.basename", {"path": THERE}),
    Question("fs.dirname", {"path": THERE}),
    Question("fs.checksum", {"path": THERE}),
    Question("git.is_repo", {"path": GIT}),
    Question("git.status", {"path": GIT}),
    Question("git.log", {"path": GIT}),
    Question("git.current", {"path": GIT}),
    Question("host.boot_id", {}),
    Question("hostname.get", {}),
    Question("http.get", {"url": f"{WEB}/file"}, **CHANGING),
    Question("http.head", {"url": f"{WEB}/file"}, **CHANGING),
    Question("infra_test.file_exists", {"path": THERE}),
    Question("infra_test.is_file", {"path": THERE}),
    Question("infra_test.is_directory", {"path": ROOM}),
    Question("infra_test.file_contains", {"path": THERE, "text": "two"}),
    Question("infra_test.file_mode", {"path": THERE, "mode": "0644"}),
    Question("infra_test.file_owner", {"path": THERE, "owner": "root"}),
    Question("infra_test.file_group", {"path": THERE, "group": "root"}),
    Question("infra_test.file_size", {"path": THERE, "size": 8}),
    Question("infra_test.port_is_listening", {"port": 22}),
    Question("infra_test.port_is_tcp", {"port": 22}),
    Question("infra_test.can_connect", {"address": "127.0.0.1", "port": 8099}),
    Question("infra_test.http_status", {"url": f"{WEB}/file"}),
    Question("infra_test.service_is_running", NAMED),
    Question("infra_test.service_is_enabled", NAMED),
    Question("infra_test.process_is_running", NAMED),
    Question("infra_test.process_count", {**NAMED, "least": 1}),
    Question("infra_test.command_succeeds", {"command": "true"}),
    Question("infra_test.command_fails", {"command": "false"}),
    Question("infra_test.command_stdout_contains", {"command": "echo ü", "text": "ü"}),
    Question("infra_test.command_stderr_is_empty", {"command": "true"}),
    Question("infra_test.command_output_equals", {"command": "echo x", "text": "x"}),
    Question("infra_test.package_is_installed", NAMED),
    Question("infra_test.package_version", {**NAMED, "version": "*"}),
    *(Question(f"log.{one}", {"message": ["ü"]}, **MUTE) for one in ("debug", "info", "success", "warning", "error", "print")),
    Question("log.table", {"rows": [["ü", 1]]}, **MUTE),
    *(Question(f"metrics.{name}", {"name": "x", "value": 1}) for name in ("gauge", "counter", "histogram", "timer")),
    *(Question(f"metrics.{name}", {}, **CHANGING) for name in ("system_cpu", "system_memory", "runtime_info")),
    Question("metrics.system_disk", {"path": ROOM}, **CHANGING),
    Question("metrics.health_status", {"path": ROOM}, **CHANGING),
    Question("mount.is_mounted", {"path": MOUNTED}),
    Question("net.port_open", {"port": 8099}),
    Question("net.wait_for", {"path": THERE}, **CHANGING),
    Question("net.dns_lookup", {"name": "localhost"}),
    Question("net.interfaces", {}, **CHANGING),
    Question("net.local_ip", {}),
    Question("net.http_get", {"url": f"{WEB}/file"}, **CHANGING),
    Question("pkg.is_installed", NAMED),
    Question("pkg.version", NAMED),
    Question("pkg.info", NAMED),
    Question("pkg.list", {"pattern": "cro*"}),
    Question("pkg.search", {"text": "sweep"}),
    Question("pkg.which", {"path": "/usr/sbin/cron"}),
    Question("pkg.deps", NAMED),
    *(Question(f"service.{name}", NAMED) for name in ("is_active", "is_enabled", "status")),
    Question("sshd.get", {"key": "Port"}),
    *(Question(f"stack.{name}", {}) for name in ("get_name", "get_id", "get_status")),
    Question("stack.get_output", {"name": "ü", "default": 1}),
    Question("stack.resource_exists", {"type": "ü", "name": "'ü'"}),
    Question("stack.get_resource", {"type": "ü", "name": "'ü'"}, **MUTE),
    Question("state.get", {"key": "ü", "default": 1}),
    Question("state.exists", {"key": "ü"}),
    *(Question(f"state.{name}", {}) for name in ("list", "keys", "stats")),
    *(Question(f"state.{name}", {"name": "sweep"}) for name in ("lock", "unlock", "try_lock")),
    Question("sysctl.get", {"name": "net.ipv4.ip_forward"}),
    *(Question(f"systemd.{name}", NAMED, **CHANGING) for name in ("is_active", "is_enabled", "status", "show", "logs")),
    Question("systemd.list_services", {"pattern": "cron*"}),
    Question("template.render", {"src": TEMPLATE, "vars": {"words": "ü"}}),
    Question("timezone.get", {}),
    *(Question(f"user.{name}", {"name": "root"}) for name in ("exists", "get_info", "get_groups", "group_exists", "group_members")),
    Question("user.list", {}),
)
