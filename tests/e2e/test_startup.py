"""What the fingers ask for most comes at once: heavy libraries are loaded only by commands that need them."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

HEAVY = {"fabric", "paramiko", "networkx", "jinja2", "yaml", "lupa", "rich", "click", "cryptography", "pydantic"}
NOT_FOR_RUNS = {"sloth.engine.testing", "sloth.engine.explaining", "sloth.workflow.lint", "paramiko", "jinja2"}
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
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "sloth", word], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Its own time: a machine that is busy with other tests says nothing about sloth.
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert any(once() < 0.25 for _ in range(5))


def test_a_run_loads_neither_what_other_commands_do_nor_what_only_hosts_need():
    program = "import sys, sloth.engine.root; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not NOT_FOR_RUNS & set(done.stdout.split())


def test_fabric_comes_without_what_is_never_used_of_it_and_leaves_that_to_others():
    program = """if True:
        import sys, threading
        from sloth.transport.libraries import Libraries
        libraries, found = Libraries(), []
        threads = [threading.Thread(target=lambda: found.append(libraries.fabric())) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        import fabric, yaml
        assert found == [fabric] * 8
        assert not {"asyncio", "unittest.mock"} & set(sys.modules), "invoke loads it after all"
        assert sys.modules["invoke.util"].yaml is yaml
        from unittest.mock import Mock
        print(Mock().anything)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("<Mock "), done.stderr
