"""The fleet: which hosts there are, how to reach them, and who has to turn them off.

Several processes may use one lab: a host that runs already is taken as it is, and a Lab turns off only what it booted.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.base import RELEASES, base_tree
from tests.lab.host import BRIDGE, GATEWAY, Host
from tests.lab.shell import LabError, call


class Lab:
    """A folder with hosts in it (`SLOTH_LAB`, else /var/lab)."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(os.environ.get("SLOTH_LAB", "/var/lab"))
        self.key = self.folder / "id_ed25519"
        self.known_hosts = self.folder / "known_hosts"
        self._booted: list[Host] = []

    def host(self, index: int) -> Host:
        return Host(index, self.folder / "hosts" / f"h{index}")

    def hosts(self) -> list[Host]:
        """All hosts that have a disk, on or off."""
        indexes = (int(home.name[1:]) for home in self.folder.glob("hosts/h*") if home.name[1:].isdigit())
        return [self.host(index) for index in sorted(indexes)]

    def up(self, indexes: Iterable[int], release: str | None = None, timeout: float = 60) -> list[Host]:
        """Make sure that these hosts run and answer; without a release each has that of its disk, a new one the first."""
        hosts = [self.host(index) for index in indexes]
        with self._alone():
            public_key = self._public_key()
            _bridge()
            for host in hosts:
                if release and host.release not in {release, None}:
                    raise LabError(f"{host.name} has {host.release} on its disk, not {release}: discard it first")
                if host.pid is None:
                    host.boot(base_tree(self.folder, release or host.release or RELEASES[0]), public_key)
                    self._booted.append(host)
            for host in hosts:
                host.wait(timeout)
            self._write_known_hosts()
        return hosts

    def fresh(self, host: Host) -> Host:
        """The host with a new disk, as Debian installed it; only one that this Lab booted, or that is off."""
        if host.pid is not None and host not in self._booted:
            raise LabError(f"{host.name} is in use by others: its disk stays")
        release = host.release
        host.discard()
        return self.up([host.index], release)[0]

    def down(self) -> None:
        """Turn off what this Lab booted, and forget its disks."""
        with self._alone():
            while self._booted:
                self._booted.pop().discard()
            self._write_known_hosts()

    def inventory(self, hosts: Iterable[Host], user: str = "root") -> str:
        """A YAML inventory that reaches these hosts as `user`."""
        lines = [
            "all:", "  vars:", f"    sloth_user: {user}", f"    sloth_private_key: {self.key}",
            f"    sloth_known_hosts: {self.known_hosts}", "  hosts:",
        ]  # fmt: skip
        for host in hosts:
            lines += [f"    {host.name}:", f"      sloth_host: {host.address}"]
        return "\n".join(lines) + "\n"

    def _public_key(self) -> str:
        if not self.key.exists():
            call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key))
        return self.key.with_suffix(".pub").read_text()

    def _write_known_hosts(self) -> None:
        lines = []
        for host in self.hosts():
            public = host.root / "etc/ssh/ssh_host_ed25519_key.pub"
            if public.exists():
                kind, key = public.read_text().split()[:2]
                lines.append(f"{host.address} {kind} {key}\n")
        self.known_hosts.write_text("".join(lines))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@contextmanager
def power(lab: Lab, *hosts: Host) -> Iterator[None]:
    """A container that reboots ends; turn it on again, as a machine's firmware does."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if any(host.pid is None for host in hosts):
                lab.up([host.index for host in hosts])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        lab.up([host.index for host in hosts])


def _bridge() -> None:
    if not Path(f"/sys/class/net/{BRIDGE}").exists():
        call("ip", "link", "add", BRIDGE, "type", "bridge")
        call("ip", "addr", "add", f"{GATEWAY}/16", "dev", BRIDGE)
    call("ip", "link", "set", BRIDGE, "up")
