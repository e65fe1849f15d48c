"""Which of the controller's files a host can get."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from sloth.core.errors import AnswerError
from sloth.engine.files import Files, Search, find, names_of, search_path
from sloth.runtime.wire import Streamed

# what a workflow says in quotes; `secrets.yml` it only mentions
NAMED = names_of(["strings.split(x, \".\") copy { src = \"plain.conf\" } copy { src = 'beside/' } -- not secrets.yml", 'x = "motd"'])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (
        "files/motd",
        "roles/web/files/motd",
        "plain.conf",
        "secrets.yml",
        "files/tree/.htaccess",
        "beside/a/b",
        "inventory/all.yml",
        ".env",
        "host_vars/h1.yml",
        "files/tree/a/b",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("src", "role", "found"),
    [
        pytest.param("motd", None, "files/motd", id="files of the workflow"),
        pytest.param("motd", "web", "roles/web/files/motd", id="the role's come first"),
        pytest.param("plain.conf", "web", "plain.conf", id="beside the workflow"),
        pytest.param("files/motd", None, "files/motd", id="with its folder"),
        pytest.param("tree/.htaccess", None, "files/tree/.htaccess", id="hidden, below files"),
        pytest.param("beside/a/b", None, "beside/a/b", id="below a folder that is named"),
    ],
)
def test_files_are_found_below_the_project(project, src, role, found):
    search = search_path(project, role and project / "roles" / role, "files", NAMED)
    assert find(src, search) == project / found


@pytest.mark.parametrize(
    "src",
    ["/etc/passwd", "../secret", "files/../../x", ".env", "inventory/all.yml", "host_vars/h1.yml", "no", "secrets.yml"],
)
def test_nothing_else_is_given_to_a_host(project, src):
    with pytest.raises(AnswerError):
        find(src, search_path(project, None, "files", NAMED))


@pytest.mark.parametrize(
    ("src", "hint"),
    [
        ("mott", "motd"),
        ("plain.cnf", "plain.conf"),
        pytest.param("inventory/al.yml", None, id="an inventory"),
        pytest.param(".en", None, id="hidden"),
        pytest.param("plain.conf/no", None, id="below a file"),
    ],
)
def test_a_hint_names_nothing_that_no_host_may_have(project, src, hint):
    with pytest.raises(AnswerError) as error:
        find(src, search_path(project, None, "files", NAMED))
    assert (error.value.hint or "").count("did you mean") == (hint is not None)
    assert hint is None or hint in error.value.hint


def meta(served: Streamed) -> dict[str, Any]:
    assert isinstance(served.value, dict)
    return served.value


def test_a_name_that_no_file_can_have_is_refused(project):
    with pytest.raises(AnswerError, match="file name too long"):
        find("x" * 5000, search_path(project, None, "files", NAMED))


@pytest.mark.parametrize("src", [".", "", "./"])
def test_the_folder_of_a_workflow_is_not_given_as_a_whole(tmp_path, src):
    (tmp_path / "secrets.yml").write_text("a: b")
    with pytest.raises(AnswerError, match="as a whole"):
        find(src, search_path(tmp_path, None, "files", NAMED))


def test_content_is_sent_only_when_it_differs(project):
    path = project / "plain.conf"
    served = Files().serve(path, "")
    assert b"".join(served.chunks) == b"plain.conf"
    again = Files().serve(path, hashlib.sha256(b"plain.conf").hexdigest())
    assert (meta(again)["same"], list(again.chunks)) == (True, [])
    asked = Files().serve(path, "", content=False)
    assert (meta(asked)["same"], list(asked.chunks)) == (False, [])


def test_a_folder_is_described_with_parents_first(project):
    served = Files().serve(project / "files/tree", "")
    assert [(entry["path"], entry["kind"]) for entry in meta(served)["directory"]] == [
        ("a", "directory"),
        (".htaccess", "file"),
        ("a/b", "file"),
    ]


def test_21_links_of_a_folder_stay_links_wherever_they_lead_and_empty_folders_are_there(project):
    tree = project / "files/tree"
    (tree / "empty").mkdir()
    (tree / "a/circle").symlink_to("..")
    (tree / "dangling").symlink_to("nowhere")
    entries = meta(Files().serve(tree, ""))["directory"]
    assert {entry["path"]: entry.get("target", entry["kind"]) for entry in entries} == {
        "a": "directory", "a/b": "file", "a/circle": "..", "dangling": "nowhere", "empty": "directory", ".htaccess": "file",
    }  # fmt: skip


def test_a_missing_file_has_a_near_match(tmp_path):
    (tmp_path / "motd.j2").touch()
    with pytest.raises(AnswerError) as caught:
        find("mtod.j2", Search((tmp_path,), NAMED))
    assert caught.value.hint == "did you mean 'motd.j2'?"


def test_files_of_a_folder_come_behind_each_other(project):
    served = Files().contents(project / "files", ["motd", "tree/a/b"])
    assert b"".join(served.chunks) == b"files/motdfiles/tree/a/b"


@pytest.mark.parametrize("path", ["", "no", "tree", "../plain.conf", "tree/../../plain.conf", "/etc/passwd"])
def test_of_a_folder_nothing_is_given_that_is_not_in_it(path, project):
    with pytest.raises(AnswerError, match="is no file of"):
        Files().contents(project / "files", [path])


def test_a_path_that_is_absolute_is_not_taken_for_one_of_the_folder(project):
    """There is `motd` in it, but `/motd` is another file."""
    with pytest.raises(AnswerError, match="is no file of"):
        Files().contents(project / "files", ["/motd"])


def test_more_files_at_once_than_a_host_asks_for_are_refused(project):
    with pytest.raises(AnswerError, match="10001 files were asked for at once"):
        Files().contents(project / "files", ["motd"] * 10001)
