"""One host of the lab: boot it, look inside, and do to it what happens to machines.

`pause` freezes it (its peers see silence), `cut` takes its link down, `kill` is a power loss; `resume`, `mend` and
`boot` undo them. All state lies in files under the lab's folder, so that any process can act on a host that another
booted.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.lab.shell import LabError, call

BRIDGE = "br-lab"
GATEWAY = "10.77.0.1"
ACCOUNTS = {"root": 0, "deploy": 1000}
HOSTS_FILE = "127.0.0.1 localhost\n127.0.1.1 {name}\n"
NETWORK_FILE = """\
[Match]
Name=host0
[Network]
Address={address}/16
Gateway={gateway}
MulticastDNS=yes
LinkLocalAddressing=no
IPv6AcceptRA=no
"""


@dataclass(frozen=True, slots=True)
class Host:
    """A host by its number; `home` holds its disk, its console's output and the id of the process that is it."""

    index: int
    home: Path

    @property
    def name(self) -> str:
        return f"h{self.index}"

    @property
    def address(self) -> str:
        return f"10.77.{1 + self.index // 250}.{1 + self.index % 250}"

    @property
    def root(self) -> Path:
        """Its file system, seen from outside; there while it is mounted."""
        return self.home / "root"

    @property
    def pid(self) -> int | None:
        """The container's process, or None when the host is off."""
        try:
            pid = int((self.home / "pid").read_text())
            running = b"nspawn" in Path(f"/proc/{pid}/cmdline").read_bytes()  # of a zombie it is empty
        except (OSError, ValueError):
            return None
        return pid if running else None

    @property
    def release(self) -> str | None:
        """The Debian on its disk; None while it has no disk."""
        try:
            return (self.home / "base").readlink().name.removeprefix("base-")
        except FileNotFoundError:
            return None

    def boot(self, base: Path, public_key: str) -> None:
        """Turn it on, with the disk it had or a fresh one on `base`; returns at once, see `wait`."""
        if self.pid is not None:
            return
        self._mount(base)
        self._configure(public_key)
        with (self.home / "console.log").open("ab") as console:
            process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", f"--directory={self.root}",
                 f"--machine={self.name}", f"--hostname={self.name}", f"--network-bridge={BRIDGE}", "--link-journal=no",
                 "--resolv-conf=copy-host", "--console=pipe", *self._first_process()],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
        (self.home / "pid").write_text(str(process.pid))

    def wait(self, timeout: float = 60) -> None:
        """Wait until sshd answers."""
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self.pid is None:
                console = (self.home / "console.log").read_text(errors="replace")
                raise LabError(f"{self.name} went off while it booted; its console: …{console[-1000:]}")
            if time.monotonic() > deadline:
                raise LabError(
                    f"{self.name}: no sshd after {timeout} s; its console: {self.home / 'console.log'}\n"
                    "hint: with many hosts up, systemd may lack fs.inotify.max_user_instances (sysctl), four for each host"
                )
            time.sleep(0.1)

    def exec(
        self, *argv: str, stdin: str = "", check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root, without SSH."""
        inside = ["nsenter", "--target", str(self._init()), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup",
                  "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"]  # fmt: skip
        done = subprocess.run(
            [*inside, *argv], input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
        if check and done.returncode:
            raise LabError(f"{self.name}: {' '.join(argv)} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def cut(self) -> None:
        call("ip", "link", "set", f"vb-{self.name}", "down")

    def mend(self) -> None:
        call("ip", "link", "set", f"vb-{self.name}", "up")

    def kill(self) -> None:
        """Power loss: every process gone at once, nothing written; its disk stays."""
        if self.pid is None:
            return
        os.kill(self._init(), signal.SIGKILL)
        deadline = time.monotonic() + 10
        while self.pid is not None:
            if time.monotonic() > deadline:
                raise LabError(f"{self.name} does not die")
            time.sleep(0.05)

    def discard(self) -> None:
        """Turn it off and throw its disk away."""
        self.kill()
        while self.root.is_mount():
            call("umount", "--lazy", str(self.root))
        shutil.rmtree(self.home, ignore_errors=True)

    def _first_process(self) -> list[str]:
        """`--boot` takes systemd wherever that is installed, also where it is not what starts the host."""
        return ["--boot"] if (self.root / "sbin/init").is_symlink() else ["/sbin/init"]

    def _mount(self, base: Path) -> None:
        upper, work = self.home / "up", self.home / "work"
        for folder in (upper, work, self.root):
            folder.mkdir(parents=True, exist_ok=True)
        (self.home / "base").unlink(missing_ok=True)
        (self.home / "base").symlink_to(base)
        if self.root.is_mount():  # scripts of System V leave it read-only when they turn the host off
            call("mount", "-o", "remount,rw", str(self.root))
        else:
            options = f"lowerdir={base},upperdir={upper},workdir={work}"
            call("mount", "-t", "overlay", "overlay", "-o", options, str(self.root))

    def _configure(self, public_key: str) -> None:
        etc = self.root / "etc"
        (etc / "hostname").write_text(f"{self.name}\n")
        (etc / "hosts").write_text(HOSTS_FILE.format(name=self.name))
        (etc / "machine-id").write_text("uninitialized\n")
        network = NETWORK_FILE.format(address=self.address, gateway=GATEWAY)
        (etc / "systemd/network/10-lab.network").write_text(network)
        for user, uid in ACCOUNTS.items():
            ssh = self.root / ("root" if user == "root" else f"home/{user}") / ".ssh"
            ssh.mkdir(mode=0o700, exist_ok=True)
            (ssh / "authorized_keys").write_text(public_key)
            for path in (ssh, ssh / "authorized_keys"):
                os.chown(path, uid, uid)
        if not (etc / "ssh/ssh_host_ed25519_key").exists():
            call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(etc / "ssh/ssh_host_ed25519_key"))

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.address, 22), timeout=1) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def _init(self) -> int:
        """The process that is number 1 inside."""
        if self.pid is None:
            raise LabError(f"{self.name} is off")
        for child in _children(self.pid):
            status = Path(f"/proc/{child}/status").read_text()
            if re.search(r"^NSpid:.*\s1$", status, re.MULTILINE):
                return child
        raise LabError(f"{self.name} has no first process (yet)")

    def _signal(self, number: signal.Signals) -> None:
        todo = [self._init()]
        while todo:
            process = todo.pop()
            try:
                todo += _children(process)
                os.kill(process, number)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
