"""file_ops.fetch: a host's file comes to the controller, into that host's own folder and nowhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from sloth.core.errors import AnswerError
from sloth.engine.allowance import FILES, Allowance
from sloth.engine.fetched import Fetched
from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import Host, Settings
from sloth.runtime.token import Token
from tests.actions import actions_of

file_ops = actions_of("file_ops")


class Controller:
    """A folder that takes what the host h1 brings; `asked` has the verbs."""

    def __init__(self, folder: Path) -> None:
        self.fetched = Fetched(folder, "h1", Allowance(1 << 30, FILES))
        self.asked: list[str] = []

    def ask(self, verb: str, args: dict[str, Any]) -> object:
        self.asked.append(verb)
        if verb == "fetched":
            return self.fetched.look(args)
        self.fetched.keep(args)
        return {}

    def host(self, *, check: bool = False) -> Host:
        return Host(Settings(check=check), Token(), self.ask, lambda *_: (None, iter(())), print, print)


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path / "site")


def test_a_file_is_brought_once_and_again_when_it_changes(controller, tmp_path):
    src = tmp_path / "on host"
    src.write_bytes(b"\xff content\n" * 50_000)
    for content, changes in ((src.read_bytes(), 1), (src.read_bytes(), 0), (b"new", 1)):
        src.write_bytes(content)
        host = controller.host()
        assert file_ops.fetch(host, src=str(src))["dest"] == f"{tmp_path}/site/fetched/h1{src}"
        assert len(host.changes) == changes
        assert Path(f"{tmp_path}/site/fetched/h1{src}").read_bytes() == content


def test_what_is_brought_is_for_its_owner_alone(controller, tmp_path):
    (tmp_path / "shadow").write_text("root:$y$j9T$...")
    file_ops.fetch(controller.host(), src=str(tmp_path / "shadow"), dest="shadow")
    assert (tmp_path / "site/fetched/h1/shadow").stat().st_mode & 0o777 == 0o600


def test_check_mode_brings_nothing(controller, tmp_path):
    (tmp_path / "file").write_text("x")
    host = controller.host(check=True)
    file_ops.fetch(host, src=str(tmp_path / "file"), dest="logs/file")
    assert (controller.asked, len(host.changes), (tmp_path / "site").exists()) == (["fetched"], 1, False)


def test_what_is_no_file_is_named_and_what_is_missing_may_be_fine(controller, tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(ActionFailed, match="it is no file"):
            file_ops.fetch(controller.host(), src=str(path))
    assert "does not exist" in file_ops.fetch(controller.host(), src=f"{tmp_path}/none", fail_on_missing=False)["message"]


@pytest.mark.parametrize("name", ["../site.sloth", "/etc/passwd", "a/../../b", "", "a\0b", "x" * 2000])
def test_a_host_that_lies_writes_nowhere_else(controller, name):
    for take in (controller.fetched.look, controller.fetched.keep):
        with pytest.raises(AnswerError, match="no relative path"):
            take({"name": name, "sha256": "", "stream": iter(())})


def test_a_damaged_file_does_not_take_the_place_of_a_good_one(controller, tmp_path):
    good = hashlib.sha256(b"good").hexdigest()
    controller.fetched.keep({"name": "f", "sha256": good, "stream": iter([b"good"])})
    with pytest.raises(AnswerError, match="arrived damaged"):
        controller.fetched.keep({"name": "f", "sha256": good, "stream": iter([b"bad"])})
    assert (tmp_path / "site/fetched/h1/f").read_bytes() == b"good"


@pytest.mark.parametrize("name", ["x" * 300, "\ud800"], ids=["too long for the disk", "no text"])
def test_a_name_that_no_file_can_have_is_refused(controller, name):
    with pytest.raises(AnswerError):
        controller.fetched.keep({"name": name, "sha256": "", "stream": iter(())})
