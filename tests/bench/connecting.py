"""A floor of connecting: one SSH connection and one command for each account, at most so many at once.

python -m tests.bench.connecting KEY KNOWN_HOSTS COMMAND USER@ADDRESS:PORT...
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import paramiko

AT_ONCE = 24  # sshd turns away more that have not logged in yet


def one(target: str, key: paramiko.PKey, known_hosts: str, command: str) -> None:
    user, _, place = target.partition("@")
    address, _, port = place.rpartition(":")
    with paramiko.SSHClient() as client:
        client.load_host_keys(known_hosts)
        client.connect(address, int(port), user, pkey=key, look_for_keys=False, allow_agent=False)
        _, answer, errors = client.exec_command(command)
        answer.read()
        if answer.channel.recv_exit_status():
            sys.exit(f"{target}: {errors.read().decode()}")


def main(key_file: str, known_hosts: str, command: str, *targets: str) -> None:
    key = paramiko.Ed25519Key.from_private_key_file(key_file)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda target: one(target, key, known_hosts, command), targets))


if __name__ == "__main__":
    main(*sys.argv[1:])
