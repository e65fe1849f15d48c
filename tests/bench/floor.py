"""The floor: one SSH connection to each host and one Python program that does the 39 steps, with nothing around them.

python -m tests.bench.floor KEY KNOWN_HOSTS ADDRESS:PORT... prints the seconds from the first connection to the last
answer. Its own start and imports are left out, so that whoever is compared with it has the harder side.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import paramiko

STEPS = r"""
import os, platform, pwd, re, subprocess

def run(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

def write(path, text):
    try:
        with open(path) as file:
            if file.read() == text:
                return
    except OSError:
        pass
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o644)

def line(path, key):
    try:
        with open(path) as file:
            lines = file.read().splitlines()
    except OSError:
        lines = []
    if key + "=on" not in lines:
        write(path, "\n".join([one for one in lines if not re.match(key + "=", one)] + [key + "=on"]) + "\n")

for i in range(5):
    os.makedirs("/opt/bench/d%d" % i, exist_ok=True)
for i in range(10):
    write("/opt/bench/d%d/f%d.conf" % (i % 5, i), "key%d=value%d\n" % (i, i))
for i in range(5):
    write("/opt/bench/t%d.conf" % i, "# %d\n" % i + "".join("line %d of %d\n" % (j, i) for j in range(20)))
for i in range(10):
    line("/opt/bench/lines.conf", "opt%d" % i)
for i in range(5):
    run("/bin/true")
try:
    pwd.getpwnam("bench")
except KeyError:
    run("useradd", "-m", "-s", "/bin/sh", "bench")
if run("dpkg-query", "-W", "-f", "${Status}", "hello", "tree").stdout.count(b"install ok installed") < 2:
    run("apt-get", "install", "-y", "hello", "tree")
if run("systemctl", "is-enabled", "cron").returncode or run("systemctl", "is-active", "cron").returncode:
    run("systemctl", "enable", "--now", "cron")
print(platform.node())
"""


def one(target: str, key: paramiko.PKey, known_hosts: str) -> str:
    address, _, port = target.rpartition(":")
    with paramiko.SSHClient() as client:
        client.load_host_keys(known_hosts)
        client.connect(address, int(port), "root", pkey=key, look_for_keys=False, allow_agent=False)
        program, answer, errors = client.exec_command("exec python3 -I -S -B -")
        program.write(STEPS)
        program.channel.shutdown_write()
        name = answer.read().decode().strip()
        if not name:
            sys.exit(f"{target}: {errors.read().decode()}")
        return name


def main(key_file: str, known_hosts: str, *targets: str) -> None:
    key = paramiko.Ed25519Key.from_private_key_file(key_file)
    start = time.perf_counter()
    with ThreadPoolExecutor(len(targets)) as pool:
        list(pool.map(lambda target: one(target, key, known_hosts), targets))
    print(f"{time.perf_counter() - start:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
