"""What the fingers ask for most comes at once: heavy libraries are loaded only by commands that need them."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

HEAVY = {"fabric", "paramiko", "networkx", "jinja2", "yaml", "lupa", "rich", "click", "cryptography"}
PROGRAM = """
import sys
from sloth.cli.app import main
code = main(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("words", [["--help"], ["version"], ["apply", "--help"], ["aply"]], ids=" ".join)
def test_no_heavy_library_is_loaded(words):
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False)
    assert not HEAVY & set(done.stderr.split())


@pytest.mark.parametrize("word", ["--help", "version"])
def test_the_answer_takes_less_than_a_quarter_of_a_second(word):
    def once() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "sloth", word], capture_output=True, check=True)
        return time.perf_counter() - began

    assert min(once() for _ in range(5)) < 0.25
