"""Files from the controller's side to the host's, with both real sides of the question."""

from __future__ import annotations

import pytest

from sloth.engine.files import Files, find, search_path
from sloth.runtime.modules import exec as exec_
from tests.actions import actions_of
from tests.doubles import real_host

file_ops = actions_of("file_ops")


@pytest.fixture
def project(tmp_path):
    """A workflow's folder with a tree and a script."""
    tree = tmp_path / "project/files/site"
    (tree / "empty").mkdir(parents=True)
    (tree / "sub").mkdir()
    (tree / "sub/large").write_bytes(b"0123456789abcdef" * 40_000)
    (tree / "sub/run").write_text("#!/bin/sh\necho ran $1\n")
    (tree / "sub/run").chmod(0o750)
    (tree / "link").symlink_to("sub/run")
    (tree / "dangling").symlink_to("nowhere")
    return tmp_path / "project"


def host_of(project, **options):
    files = Files()
    host = real_host(**options)

    def receive(verb, arguments):
        path = find(arguments["src"], search_path(project, None, "files", lambda path: True))
        if verb == "contents":
            served = files.contents(path, arguments["paths"])
        else:
            served = files.serve(path, arguments["sha256"], content=arguments["content"])
        return served.value, served.chunks

    host.receive = receive
    return host


@pytest.mark.parametrize(("src", "top"), [("site", "dest/site"), ("site/", "dest")])
def test_a_tree_arrives_whole_and_a_second_time_nothing_moves(project, tmp_path, src, top):
    first, second = host_of(project), host_of(project)
    file_ops.copy(first, src=src, dest=f"{tmp_path}/dest", mode="preserve")
    source, copy = project / "files/site", tmp_path / top
    below = sorted(path.relative_to(source) for path in source.rglob("*"))
    assert sorted(path.relative_to(copy) for path in copy.rglob("*")) == below
    assert [(copy / path).lstat().st_mode for path in below] == [(source / path).lstat().st_mode for path in below]
    assert (copy / "sub/large").read_bytes() == (source / "sub/large").read_bytes()
    file_ops.copy(second, src=src, dest=f"{tmp_path}/dest", mode="preserve")
    assert first.changes
    assert not second.changes


def test_one_file_that_differs_is_the_only_one_that_moves(project, tmp_path):
    file_ops.copy(host_of(project), src="site/", dest=f"{tmp_path}/dest")
    (tmp_path / "dest/sub/run").write_text("broken by hand")
    host = host_of(project)
    file_ops.copy(host, src="site/", dest=f"{tmp_path}/dest")
    assert host.changes == [f"write {tmp_path}/dest/sub/run"]


def test_check_mode_tells_what_would_move(project, tmp_path):
    host = host_of(project, check=True)
    file_ops.copy(host, src="site", dest=f"{tmp_path}/dest")
    assert f"write {tmp_path}/dest/site/sub/large" in host.changes
    assert not (tmp_path / "dest").exists()


def test_a_script_runs_as_it_lies_on_the_controller(project):
    assert exec_.script(host_of(project), src="site/sub/run", args=["well"])[0]["stdout"] == "ran well\n"
