"""Git repositories on the host: cloned, at a version, changed, asked.

Every action takes the path of the repository first. `local repo = git.clone(url, path)` also works as an object:
`repo:checkout("main"):pull()`, `repo:current()`. git itself has to be there, and never asks for a password: use a key,
or a token in the address.
"""

import os

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed
from sloth.runtime.files import absolute
from sloth.runtime.gitrepo import Repository
from sloth.runtime.place import raw

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_PATH = ("dest", "repo")
_VERSION = ("branch", "ref", "tag", "revision")


@action(
    synonyms={
        "path": ("dest", "local_path"), "version": _VERSION, "url": ("src", "repo", "repository"), "force": ("clean",)
    }
)  # fmt: skip
def clone(
    host: "Host",
    *,
    url: str,
    path: str,
    version: "str | None" = None,
    depth: "int | None" = None,
    force: bool = False,
    update: bool = True,
    key_file: "str | None" = None
) -> "dict[str, object]":
    """Make sure that a repository is there, at a version, with what its origin has now.

    What was changed by hand in it, or committed and not pushed, is kept: then it is a failure, unless `force`.

    url: where it comes from
    path: the directory that it goes to
    version: a branch, a tag or a commit; without it the branch that is checked out, at first the origin's own
    depth: how many commits of its history; without it all
    force: give up what was changed in it
    update: false leaves a repository that is there as it is
    key_file: the private key for SSH

    example: git.clone { url = "https://example.org/app.git", path = "/srv/app", version = "v1.4.2" }
    example: git.clone("git@example.org:app.git", "/srv/app"):checkout("main"):pull()
    """
    repo = Repository(host, absolute(host, path), key_file)
    if not repo.is_there():
        if os.path.isdir(raw(repo.path)) and os.listdir(raw(repo.path)):
            raise ActionFailed(f"git.clone: {path} is there, and is no repository; name an empty or a new directory")
        repo.make(url, version, depth)
        return _answer(repo, None)
    before = repo.head()
    if update:
        repo.follow(url)
        repo.bring_to(version, depth, force=force)
    return _answer(repo, before)


@action(synonyms={"path": _PATH})
def pull(host: "Host", *, path: str, force: bool = False) -> "dict[str, object]":
    """Bring the branch that is checked out to where its origin is.

    path: the repository
    force: give up what was changed in it

    example: git.pull("/srv/app")
    """
    repo = _existing(host, path)
    before = repo.head()
    repo.bring_to(None, None, force=force)
    return _answer(repo, before)


@action(synonyms={"path": _PATH, "version": _VERSION})
def checkout(
    host: "Host", *, path: str, version: str, create: bool = False, force: bool = False
) -> "dict[str, object]":
    """Check out a branch, tag or commit that the repository has.

    path: the repository
    version: the branch, tag or commit
    create: make the branch if there is none
    force: give up what was changed in it

    example: git.checkout("/srv/app", "v1.4.2")
    """
    repo = _existing(host, path)
    before = repo.head()
    repo.checkout(version, create=create, force=force)
    return _answer(repo, before)


@action(synonyms={"path": _PATH, "message": ("msg",)})
def commit(
    host: "Host", *, path: str, message: str, files: "list[str]" = (), author: "str | None" = None  # type: ignore[assignment]  # no list as default
) -> "dict[str, object]":
    """Commit what was changed; nothing when nothing was.

    path: the repository
    message: what the commit says
    files: only these, relative to the repository; without it all, new ones as well
    author: `Name <mail>` in place of what git is configured with

    example: git.commit("/etc", "nightly", { author = "sloth <root@localhost>" })
    """
    repo = _existing(host, path)
    before = repo.head()
    repo.commit(message, files, author)
    return _answer(repo, before)


@action(synonyms={"path": _PATH})
def push(host: "Host", *, path: str, remote: str = "origin", branch: "str | None" = None, tags: bool = False) -> None:
    """Push commits that the remote does not have.

    path: the repository
    remote: the name of the remote
    branch: which branch; without it the one that is checked out
    tags: push all tags as well

    example: git.push("/srv/app")
    """
    _existing(host, path).push(remote, branch, tags=tags)


@action(synonyms={"path": _PATH})
def tag(host: "Host", *, path: str, name: str, message: "str | None" = None, at: str = "HEAD") -> None:
    """Make sure that a tag is there, and at this commit.

    path: the repository
    name: the tag
    message: what it says; without it it is a mere name
    at: the commit

    example: git.tag("/srv/app", "v1.4.2", { message = "the fourth" })
    """
    _existing(host, path).tag(name, message, at)


@action(synonyms={"path": _PATH})
def ensure_clean(host: "Host", *, path: str, untracked: bool = True) -> "dict[str, object]":
    """Give up what was changed in a repository since its last commit.

    path: the repository
    untracked: remove files that git does not know, too (ignored ones stay)

    example: git.ensure_clean("/srv/app")
    """
    repo = _existing(host, path)
    before = repo.head()
    repo.clean(untracked=untracked)
    return _answer(repo, before)


@action(query=True, synonyms={"path": _PATH})
def is_repo(host: "Host", *, path: str) -> bool:
    """Whether a path is the top of a repository.

    path: the directory

    example: if not git.is_repo("/srv/app") then return false, "no repository" end
    """
    return Repository(host, absolute(host, path)).is_there()


@action(query=True, synonyms={"path": _PATH})
def status(host: "Host", *, path: str) -> "dict[str, object]":
    """What differs from the last commit: clean, branch, commit, files (a list of state and path), ahead, behind.

    path: the repository

    example: if not git.status("/srv/app").clean then log.warn("changed by hand") end
    """
    return _existing(host, path).status()


@action(query=True, synonyms={"path": _PATH, "count": ("limit", "n")})
def log(host: "Host", *, path: str, count: int = 10, version: str = "HEAD") -> "list[dict[str, str]]":
    """The last commits: a list of commit, author, mail, date, subject.

    path: the repository
    count: how many
    version: where to begin

    example: print(git.log("/srv/app", 1)[1].subject)
    """
    return _existing(host, path).log(count, version)


@action(query=True, synonyms={"path": _PATH})
def current(host: "Host", *, path: str) -> "dict[str, object]":
    """What is checked out: commit, branch (empty for a mere commit), tag (empty where there is none), url.

    path: the repository

    example: print(git.current("/srv/app").commit)
    """
    return _existing(host, path).current()


def _existing(host: "Host", path: str) -> Repository:
    repo = Repository(host, absolute(host, path))
    if not repo.is_there():
        raise ActionFailed(f"{path} is no git repository; git.clone makes one")
    return repo


def _answer(repo: Repository, before: "str | None") -> "dict[str, object]":
    after = repo.head() if repo.is_there() else None
    result = {"path": repo.path, "before": before, "after": after, "__module": "git"}
    return {key: value for key, value in result.items() if value is not None}
