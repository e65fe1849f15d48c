"""`sloth facts`: what hosts are, on standard output alone."""

from __future__ import annotations

import platform
import socket
from pathlib import Path

import pytest

from tests.e2e.sloth import Folder

pytestmark = pytest.mark.xdist_group("localhost")  # two runs do not work on one machine at once


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_facts_of_hosts_as_json_and_for_people(folder):
    ended = folder.sloth("facts", "-i", "a,b,", "-c", "local", "all", "hostname", "kernel.name", "--format", "json")
    facts = {"hostname": socket.gethostname(), "kernel": {"name": platform.system()}}
    assert ended.events == [{"host": "a", "facts": facts}, {"host": "b", "facts": facts}]
    assert (ended.code, ended.stderr) == (0, "")
    shown = folder.sloth("facts", "-i", "a,", "-c", "local", "all", "--filter", "kernel.name").stdout
    assert shown == f"a\n  kernel: {{name: {platform.system()}}}\n"


def test_a_host_that_is_not_reached_is_named_and_others_answer(folder):
    ended = folder.sloth("facts", "-i", "127.0.0.1:1,", "all", "os")
    assert (ended.code, ended.stdout) == (3, "")
    assert "127.0.0.1" in ended.stderr


def test_a_fact_that_does_not_exist_has_a_near_match(folder):
    ended = folder.sloth("facts", "-i", "a,", "-c", "local", "all", "memry")
    assert ended.code == 1
    assert "did you mean 'memory'?" in ended.stderr
