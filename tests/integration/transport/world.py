"""A small world of SSH on this machine: servers on loopback ports, accounts with shells of their own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sloth.core.connection import Connection

KINDS = ("ed25519", "rsa")


def run(*argv: str, stdin: str = "") -> str:
    return subprocess.run(argv, input=stdin, check=True, capture_output=True, text=True).stdout


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Account:
    """A user of this machine, for one test."""

    name: str
    home: Path

    def write(self, name: str, text: str) -> Path:
        path = self.home / name
        path.write_text(text)
        shutil.chown(path, self.name)
        return path


@dataclass
class Sshd:
    """A server that listens on every loopback address."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def key(self) -> Path:
        return self.folder / "id"

    def host_key(self, kind: str = "ed25519") -> str:
        """Type and key, as known_hosts has them."""
        return " ".join((self.folder / f"host_{kind}.pub").read_text().split()[:2])

    def known_hosts(self, *lines: str) -> Path:
        """A file with these lines; `{}` is the server's ed25519 key. None: one line for each loopback address."""
        path = Path(tempfile.mkdtemp(dir=self.folder)) / "known_hosts"
        lines = lines or tuple(f"[127.0.0.{last}]:{self.port} {{}}" for last in range(1, 9))
        path.write_text("".join(line.replace("{}", self.host_key()) + "\n" for line in lines))
        return path

    def connection(self, user: str = "root", **settings: object) -> Connection:
        values: dict[str, object] = {
            "name": "web",
            "address": "127.0.0.1",
            "port": self.port,
            "user": user,
            "private_key": str(self.key),
            "known_hosts": str(self.known_hosts()),
            **settings,
        }
        return Connection(**values)  # type: ignore[arg-type]  # a table of settings


@dataclass
class World:
    """Makes them, and takes them away again."""

    folder: Path
    servers: list[Sshd] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)

    @classmethod
    @contextlib.contextmanager
    def open(cls) -> Iterator[World]:
        folder = Path(tempfile.mkdtemp(prefix="sloth-world-"))
        folder.chmod(0o755)
        world = cls(folder)
        try:
            yield world
        finally:
            world.close()

    def sshd(self, **options: str) -> Sshd:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        folder.chmod(0o755)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "id"))
        for kind in KINDS:
            run("ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(folder / f"host_{kind}"))
        (folder / "keys").write_text((folder / "id.pub").read_text())
        port = free_port()
        settings = {
            "Port": str(port), "ListenAddress": "0.0.0.0", "PidFile": "none", "UsePAM": "no", "StrictModes": "no",
            "AuthorizedKeysFile": str(folder / "keys"), "PermitRootLogin": "yes", "LogLevel": "ERROR",
            "KbdInteractiveAuthentication": "no", **options,
        }  # fmt: skip
        lines = [f"HostKey {folder}/host_{kind}" for kind in KINDS]
        lines += [f"{option} {value}" for option, value in settings.items()]
        (folder / "config").write_text("\n".join(lines) + "\n")
        Path("/run/sshd").mkdir(exist_ok=True)
        process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "config")])
        server = Sshd(folder, port, process)
        self.servers.append(server)
        _wait_for(port)
        return server

    def account(self, shell: str = "/bin/bash", password: str = "") -> Account:
        name = f"slothtest{os.getpid() % 100000}x{len(self.accounts)}"
        home = self.folder / name
        run("useradd", "--home-dir", str(home), "--create-home", "--skel", "/var/empty", "--shell", shell, name)
        account = Account(name, home)
        self.accounts.append(account)
        run("chpasswd", *([] if password else ["-e"]), stdin=f"{name}:{password or '*'}\n")
        return account

    def sudoers(self, account: Account, *lines: str) -> None:
        path = Path("/etc/sudoers.d") / account.name
        path.write_text("".join(line.replace("{}", account.name) + "\n" for line in lines))
        path.chmod(0o440)

    def close(self) -> None:
        for server in self.servers:
            server.process.terminate()
            server.process.wait()
        for account in self.accounts:
            (Path("/etc/sudoers.d") / account.name).unlink(missing_ok=True)
            _end_all(pwd.getpwnam(account.name).pw_uid)
            run("userdel", account.name)
        shutil.rmtree(self.folder)


def descendants(pid: int) -> list[int]:
    """The processes below one, each before its own children."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [below for child in children for below in (child, *descendants(child))]


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _end_all(uid: int) -> None:
    """End what a test's account still runs, by uid, which nobody else has; userdel wants no process of it left."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        running = [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _owner(entry) == uid]
        if not running:
            return
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        time.sleep(0.02)


def _owner(entry: Path) -> int:
    try:
        return entry.stat().st_uid
    except OSError:
        return -1
