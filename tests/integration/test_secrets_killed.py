"""kill -9 at any moment of setting and rotating: what was acknowledged is there, and nothing is half written."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from sloth.core.errors import WrongPassphrase
from sloth.secrets.vault import Vault
from tests.unit.secrets.worlds import passphrases, vault

KILLS = int(os.environ.get("SLOTH_TEST_KILLS", "12"))  # 200 for a long look
# Sets secrets and changes the passphrase for ever, and says what it did: before (`?`) and after (`!`) it is done.
WRITER = """
import itertools, sys
from pathlib import Path
from sloth.secrets.passphrase import Passphrase
from tests.unit.secrets.worlds import passphrases, vault

folder, current, start = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def say(*words):
    sys.stdout.write(" ".join(words) + "\\n")
    sys.stdout.flush()

one = vault(folder, passphrases(current))
one.names()
say("ready")
for number in itertools.count(start):
    if number % 5:
        name = f"s{number % 7}"
        say("?", "set", name, f"value-{number}")
        one.put({name: f"value-{number}"})
        say("!", "set", name, f"value-{number}")
    else:
        new = f"pass-{number}"
        say("?", "rotate", new)
        one.rotate(Passphrase("", new.encode()))
        say("!", "rotate", new)
        one = vault(folder, passphrases(new))
"""


class Oracle:
    """What must be there: the values, the passphrase, and what may have been done just before the end."""

    def __init__(self, passphrase: str) -> None:
        self.values: dict[str, str] = {}
        self.passphrase = passphrase
        self.changes = 0

    def follow(self, said: str) -> list[str]:
        """Take in what a writer said; the change that it was at when it died."""
        open_: list[str] = []
        for line in (line.split() for line in said.splitlines(keepends=True) if line.endswith("\n")):
            if line[0] == "?":
                open_ = line[1:]
            elif line[0] == "!":
                self.take(line[1:])
                open_ = []
        return open_

    def take(self, change: list[str]) -> None:
        self.changes += 1
        if change[0] == "set":
            self.values[change[1]] = change[2]
        else:
            self.passphrase = change[1]


def opened(folder: Path, oracle: Oracle, change: list[str]) -> Vault:
    """The vault, with the passphrase before or after the change that was under way."""
    found = vault(folder, passphrases(oracle.passphrase))
    try:
        found.key()
    except WrongPassphrase:
        assert change[0] == "rotate"
        oracle.take(change)
        found = vault(folder, passphrases(oracle.passphrase))
    return found


def test_what_was_acknowledged_survives_every_kill(tmp_path: Path):
    folder, oracle, chance = tmp_path / "secrets", Oracle("right"), random.Random(7)
    vault(folder, passphrases("right", "right")).put({"s0": "value-0"})
    oracle.take(["set", "s0", "value-0"])
    for kill in range(KILLS):
        words = [sys.executable, "-c", WRITER, str(folder), oracle.passphrase, str(kill * 1000 + 1)]
        writer = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        said = "".join(writer.stdout.readline() for _ in range(chance.randrange(12)))
        time.sleep(chance.uniform(0.0, 0.05))
        writer.kill()
        rest, _ = writer.communicate()
        change = oracle.follow(said + rest)
        found = opened(folder, oracle, change)
        trail = found.audit()
        for name in {one.name for one in found.names()} | set(oracle.values):
            seen = found.get(name)
            if seen != oracle.values.get(name):
                assert change == ["set", name, seen]
                oracle.take(change)
        assert [entry.number for entry in trail] == list(range(1, len(trail) + 1))
    assert oracle.changes > KILLS  # or they were killed before they did anything
    leftovers = {path.name for path in folder.iterdir()} - {"prod.json", "prod.audit", "prod.lock", ".prod.json.new"}
    assert not leftovers
