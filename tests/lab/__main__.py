"""The lab by hand.

python -m tests.lab up 3            boot h1 h2 h3 (the first time builds the base: about a minute)
python -m tests.lab up 1 --first 101 --release trixie          or bookworm-openrc, bookworm-sysv: without systemd
python -m tests.lab list            name, address, release, state
python -m tests.lab inventory       a YAML inventory of the running hosts; --user deploy for the account with sudo
python -m tests.lab exec h1 -- id   run a command inside, without SSH
python -m tests.lab pause h2        freeze a host; `resume` undoes it
python -m tests.lab cut h2          take its link down; `mend` puts it back
python -m tests.lab kill h2         power loss; `up` boots it again
python -m tests.lab discard h2      turn it off and throw its disk away

Needs root, and the packages mmdebstrap systemd-container dpkg-dev openssh-client iproute2.
"""

from __future__ import annotations

import argparse
import sys

from tests.lab.base import RELEASES, STARTED_BY
from tests.lab.fleet import Lab
from tests.lab.shell import LabError

ON_ONE_HOST = ("pause", "resume", "cut", "mend", "kill", "discard")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up")
    start.add_argument("count", type=int)
    start.add_argument("--first", type=int, default=1, help="the number of the first host")
    start.add_argument("--release", choices=(*RELEASES, *STARTED_BY), help="the Debian of hosts that get a new disk")
    commands.add_parser("list")
    commands.add_parser("inventory").add_argument("--user", default="root")
    inside = commands.add_parser("exec")
    inside.add_argument("name")
    inside.add_argument("argv", nargs="+")
    for name in ON_ONE_HOST:
        commands.add_parser(name).add_argument("name")
    try:
        return act(parser.parse_args())
    except LabError as error:
        print(error, file=sys.stderr)
        return 1


def act(args: argparse.Namespace) -> int:
    lab = Lab()
    if args.command == "up":
        hosts = lab.up(range(args.first, args.first + args.count), args.release)
        print(f"{len(hosts)} hosts are up; key {lab.key}, known hosts {lab.known_hosts}")
    elif args.command == "list":
        for host in lab.hosts():
            print(f"{host.name}\t{host.address}\t{host.release}\t{'up' if host.pid else 'down'}")
    elif args.command == "inventory":
        print(lab.inventory((host for host in lab.hosts() if host.pid), args.user), end="")
    else:
        host = lab.host(int(args.name.removeprefix("h")))
        if args.command == "exec":
            done = host.exec(*args.argv, check=False)
            sys.stdout.write(done.stdout)
            sys.stderr.write(done.stderr)
            return done.returncode
        getattr(host, args.command)()
    return 0


if __name__ == "__main__":
    sys.exit(main())
