"""git: with real repositories in a temporary directory."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import git
from tests.doubles import FakeHost, real_host

ENVIRON = {
    **os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.org",
}  # fmt: skip


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, env=ENVIRON, capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Origin:
    """A repository that others clone."""

    def __init__(self, folder: Path, commits: Sequence[str] = ()) -> None:
        self.path = folder
        self.commits = list(commits)

    @classmethod
    def make(cls, folder: Path) -> Origin:
        made = cls(folder)
        folder.mkdir()
        run(folder, "init", "--quiet", "--initial-branch=main")
        made.commit("one")
        run(folder, "tag", "-a", "v1", "-m", "the first")
        made.commit("two")
        return made

    def copy(self, folder: Path) -> Origin:
        shutil.copytree(self.path, folder)
        return Origin(folder, self.commits)

    def commit(self, content: str) -> str:
        (self.path / "file").write_text(content)
        run(self.path, "add", "file")
        run(self.path, "commit", "--quiet", "-m", content)
        self.commits.append(run(self.path, "rev-parse", "HEAD"))
        return self.commits[-1]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    return Origin.make(tmp_path_factory.mktemp("git") / "origin")


@pytest.fixture
def origin(tmp_path: Path, pristine: Origin) -> Origin:
    return pristine.copy(tmp_path / "origin")


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "a place"


def clone(origin: Origin, dest: Path, **more: Any) -> tuple[list[str], Any]:
    host = real_host(check=more.pop("check", False))
    result = git.clone(host, url=str(origin.path), path=str(dest), **more)
    return host.changes, result


@pytest.mark.parametrize(
    ("version", "content", "number"),
    [(None, "two", 1), ("main", "two", 1), ("v1", "one", 0), ("commit", "one", 0)],
)
def test_a_version_is_cloned_once(origin, dest, version, content, number):
    wanted = origin.commits[0] if version == "commit" else version
    changes, result = clone(origin, dest, version=wanted)
    assert (dest / "file").read_text() == content
    assert (len(changes), result["after"]) == (1, origin.commits[number])
    assert clone(origin, dest, version=wanted)[0] == []


def test_what_the_origin_has_new_is_brought(origin, dest):
    clone(origin, dest)
    third = origin.commit("three")
    assert len(clone(origin, dest, check=True)[0]) == 1
    assert (dest / "file").read_text() == "two"
    assert clone(origin, dest, update=False)[0] == []
    changes, result = clone(origin, dest)
    assert (len(changes), result["after"], (dest / "file").read_text()) == (1, third, "three")
    assert git.status(real_host(), path=str(dest))["behind"] == 0


def test_a_repository_goes_from_one_version_to_another(origin, dest):
    clone(origin, dest, version="v1")
    assert git.current(real_host(), path=str(dest))["tag"] == "v1"
    run(origin.path, "checkout", "--quiet", "-b", "next")
    origin.commit("next")
    for version, content in (("next", "next"), ("v1", "one"), ("main", "two"), (origin.commits[0][:10], "one")):
        assert len(clone(origin, dest, version=version)[0]) == 1
        assert (dest / "file").read_text() == content
        assert clone(origin, dest, version=version)[0] == []


def test_a_shallow_repository_follows_its_origin(origin, dest):
    url = f"file://{origin.path}"
    git.clone(real_host(), url=url, path=str(dest), depth=1)
    assert len(git.log(real_host(), path=str(dest))) == 1
    origin.commit("three")
    git.clone(real_host(), url=url, path=str(dest), depth=1)
    assert (dest / "file").read_text() == "three"


def test_what_was_changed_by_hand_is_kept_unless_it_is_given_up(origin, dest):
    clone(origin, dest)
    (dest / "file").write_text("by hand")
    origin.commit("three")
    with pytest.raises(ActionFailed, match="was changed by hand"):
        clone(origin, dest)
    assert (dest / "file").read_text() == "by hand"
    clone(origin, dest, force=True)
    assert (dest / "file").read_text() == "three"
    (dest / "file").write_text("once more")
    assert len(clone(origin, dest, force=True)[0]) == 1
    assert (dest / "file").read_text() == "three"


def test_commits_that_only_this_repository_has_are_kept_unless_they_are_given_up(origin, dest):
    clone(origin, dest)
    (dest / "own").write_text("x")
    git.commit(real_host(), path=str(dest), message="own", author="Ann <ann@example.org>")
    origin.commit("three")
    with pytest.raises(ActionFailed, match="has commits on main that its origin does not have"):
        clone(origin, dest)
    clone(origin, dest, force=True)
    assert (dest / "file").read_text() == "three"


def test_a_directory_that_is_no_repository_is_not_touched(origin, dest):
    dest.mkdir()
    (dest / "precious").touch()
    with pytest.raises(ActionFailed, match="is no repository"):
        clone(origin, dest)
    with pytest.raises(ActionFailed, match=r"is no git repository; git\.clone makes one"):
        git.pull(real_host(), path=str(dest))
    assert not git.is_repo(real_host(), path=str(dest))


def test_another_origin_is_taken_over(origin, dest, tmp_path):
    clone(origin, dest)
    other = Origin.make(tmp_path / "other")
    run(other.path, "commit", "--quiet", "--amend", "-m", "another history")
    run(other.path, "tag", "--force", "-a", "v1", "-m", "another tag of that name")
    other.commit("theirs")
    assert len(clone(other, dest)[0]) == 2
    assert (dest / "file").read_text() == "theirs"
    assert git.current(real_host(), path=str(dest))["url"] == str(other.path)
    clone(other, dest, version="v1")
    assert git.current(real_host(), path=str(dest))["commit"] == run(other.path, "rev-parse", "v1^{commit}")


@pytest.mark.parametrize(
    ("more", "said"),
    [({"version": "nope"}, "has no branch or tag nope"), ({"version": "--upload-pack=x"}, "is no branch"),
     ({"version": "a..b"}, "is no branch")],
)  # fmt: skip
@pytest.mark.parametrize("there", [False, True])
def test_a_version_that_is_not_there_is_named(origin, dest, there, more, said):
    if there:
        clone(origin, dest)
    with pytest.raises((ActionFailed, BadArguments), match=said if there or "--" in more["version"] else "nope|no branch"):
        clone(origin, dest, **more)


@pytest.mark.parametrize(
    ("url", "said"), [("/no/where", "cannot reach"), ("ext::sh -c 'touch /tmp/x'", "not allowed"), ("-x", "no address")]
)
def test_an_address_that_leads_nowhere_is_named_in_a_check_too(dest, url, said):
    with pytest.raises((ActionFailed, BadArguments), match=said):
        git.clone(real_host(check=True), url=url, path=str(dest))


def test_a_password_in_an_address_is_not_shown(dest):
    with pytest.raises(ActionFailed) as failed:
        git.clone(real_host(check=True), url="http://me:secret@127.0.0.1:1/x", path=str(dest))
    assert "secret" not in failed.value.message


def test_commits_and_pushes_are_made_once(tmp_path, origin, dest):
    bare = tmp_path / "bare.git"
    run(tmp_path, "clone", "--quiet", "--bare", str(origin.path), str(bare))
    host = real_host()
    git.clone(host, url=str(bare), path=str(dest))
    (dest / "new").write_text("x")
    author = "Ann <ann@example.org>"
    for check, commits in ((True, 1), (False, 1), (False, 0)):
        host = real_host(check=check)
        git.commit(host, path=str(dest), message="new\n\nand why", author=author)
        assert len(host.changes) == commits
    assert git.status(real_host(), path=str(dest)) == {
        "clean": True, "branch": "main", "commit": run(dest, "rev-parse", "HEAD"), "files": [], "ahead": 1, "behind": 0,
    }  # fmt: skip
    for key, value in (("user.name", "Ann"), ("user.email", "ann@example.org")):
        run(dest, "config", key, value)  # who runs the tests may be nobody to git
    git.tag(real_host(), path=str(dest), name="v2", message="the second")
    for expected in (["push main to origin", "push the tags v2"], []):
        host = real_host()
        git.push(host, path=str(dest), tags=True)
        assert host.changes == expected
    assert run(bare, "log", "-1", "--format=%s|%b|%an") == "new|and why\n|Ann"
    assert run(bare, "tag", "--list").split() == ["v1", "v2"]


def test_a_tag_stays_where_it_is(origin):
    path = str(origin.path)
    host = real_host()
    git.tag(host, path=path, name="v1", at=origin.commits[0])
    assert host.changes == []
    with pytest.raises(ActionFailed, match="the tag v1 is at"):
        git.tag(host, path=path, name="v1")


def test_checkouts_are_made_once_and_branches_when_they_shall(origin):
    path = str(origin.path)
    for version, create, changes in (("v1", False, 1), ("v1", False, 0), ("new", True, 1), ("new", True, 0), ("main", False, 1)):
        host = real_host()
        git.checkout(host, path=path, version=version, create=create)
        assert len(host.changes) == changes
    with pytest.raises(ActionFailed, match="has no branch, tag or commit nope"):
        git.checkout(real_host(), path=path, version="nope")


def test_what_was_changed_is_given_up(origin):
    (origin.path / "file").write_text("by hand")
    (origin.path / "untracked").touch()
    assert [one["path"] for one in git.status(real_host(), path=str(origin.path))["files"]] == ["file", "untracked"]
    host = real_host()
    git.ensure_clean(host, path=str(origin.path), untracked=False)
    assert ((origin.path / "file").read_text(), (origin.path / "untracked").exists()) == ("two", True)
    git.ensure_clean(host, path=str(origin.path))
    git.ensure_clean(host, path=str(origin.path))
    assert (len(host.changes), (origin.path / "untracked").exists()) == (2, False)


def test_a_history(origin):
    first, second = git.log(real_host(), path=str(origin.path))
    assert (first["subject"], second["subject"], first["author"]) == ("two", "one", "Ann")


def test_without_git_it_says_how_to_get_it():
    with pytest.raises(ActionFailed, match=r"there is no git on this host; pkg\.install"):
        git.is_repo(FakeHost(programs=[]), path="/srv/app")


def test_a_file_that_was_renamed_is_one_change(origin):
    run(origin.path, "mv", "file", "other name")
    (origin.path / "new").write_text("x")
    files = git.status(real_host(), path=str(origin.path))["files"]
    assert files == [{"state": "R", "path": "other name"}, {"state": "??", "path": "new"}]


def test_a_clone_understands_the_words_of_others():
    clone = Catalog().find("git", "clone")
    others = ({"repo": "u", "dest": "/p", "branch": "b"}, {"url": "u", "local_path": "/p", "ref": "b", "clean": False})
    for given in others:
        bound = clone.bind([], given)
        assert (bound["url"], bound["path"], bound["version"]) == ("u", "/p", "b")
