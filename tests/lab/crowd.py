"""One machine of the lab stands for many hosts: accounts, each with a cache and a lock of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.lab.host import Host

CREATE = """
for n in $(seq {each}); do
  useradd --create-home --groups crowd "crowd$n" && install -d -m 700 -o "crowd$n" "/home/crowd$n/.ssh"
  install -m 600 -o "crowd$n" /root/.ssh/authorized_keys "/home/crowd$n/.ssh/authorized_keys"
done
"""
REMOVE = """
for user in $(getent group crowd | cut -d: -f4 | tr , ' '); do
  while pkill -KILL -u "$user"; do sleep 0.05; done
  userdel --remove "$user" 2>&1
done
groupdel crowd || :
"""
SETTINGS = "etc/ssh/sshd_config.d/crowd.conf"


@dataclass(frozen=True, slots=True)
class Member:
    """An account on a machine."""

    user: str
    address: str


@contextmanager
def crowd(hosts: Sequence[Host], count: int) -> Iterator[list[Member]]:
    """So many accounts, spread over these machines. Their sshd takes all at once; later they are as they were."""
    each = -(-count // len(hosts))
    try:
        for host in hosts:
            _shell(host, REMOVE + "groupadd crowd\n" + CREATE.format(each=each))
            (host.root / SETTINGS).write_text(f"MaxStartups {2 * each + 10}\n")
            host.exec("systemctl", "restart", "ssh")
        yield [Member(f"crowd{number + 1}", host.address) for number in range(each) for host in hosts][:count]
    finally:
        for host in hosts:
            (host.root / SETTINGS).unlink(missing_ok=True)
            _shell(host, REMOVE)
            host.exec("systemctl", "restart", "ssh")


def _shell(host: Host, script: str) -> None:
    host.exec("sh", "-euc", script, timeout=120)
