"""A git repository, by the program git: what it has, what its origin has, and how the one becomes the other.

What comes of a look at the origin is asked with `ls-remote` first, so that check mode can tell and a second run fetches
nothing.
"""

import os
import re

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.host import last_words
from sloth.runtime.place import raw
from sloth.runtime.privilege import become_hint

MYPY = False
if MYPY:
    from collections.abc import Sequence

    from sloth.runtime.host import Host
    from sloth.runtime.process import Done

_COMMIT = re.compile("^[0-9a-f]{40}([0-9a-f]{24})?$")
_ABBREVIATED = re.compile("^[0-9a-f]{7,64}$")
# An address cannot make git run programs, and a repository of another user is what the author of the workflow named.
_SAFE = ("-c", "protocol.ext.allow=never", "-c", "core.fsmonitor=false")
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
_FIELDS = ("commit", "author", "mail", "date", "subject")


class Repository:
    """One repository. key_file: the private key for SSH."""

    def __init__(self, host: "Host", path: str, key_file: "str | None" = None) -> None:
        self.host = host
        self.path = path.rstrip("/") or "/"
        self._env = dict(_QUIET)
        if key_file is not None:
            import shlex

            identity = f" -o IdentitiesOnly=yes -i {shlex.quote(host.whole(key_file))}"
            self._env["GIT_SSH_COMMAND"] += identity
        if not host.has("git"):
            raise ActionFailed('there is no git on this host; pkg.install { packages = { "git" } } brings it')

    # what it has

    def is_there(self) -> bool:
        """Whether the path is the top of a repository."""
        if not os.path.isdir(raw(self.path)):
            return False
        found = self._look("rev-parse", "--show-cdup")
        return found.ok and not found.out.strip()

    def head(self) -> "str | None":
        """The commit that is checked out; None in a repository without any."""
        return self._commit("HEAD")

    def branch(self) -> str:
        """The branch that is checked out, or an empty string."""
        return self._look("symbolic-ref", "--quiet", "--short", "HEAD").out.strip()

    def url(self) -> str:
        """Where it comes from."""
        return self._look("config", "--get", "remote.origin.url").out.strip()

    def current(self) -> "dict[str, object]":
        """commit, branch, tag, url."""
        tag = self._look("describe", "--tags", "--exact-match", "HEAD")
        name = tag.out.strip() if tag.ok else ""
        return {"commit": self.head() or "", "branch": self.branch(), "tag": name, "url": self.url()}

    def status(self) -> "dict[str, object]":
        """clean, branch, commit, files, ahead, behind."""
        files = [{"state": state.strip(), "path": path} for state, path in self._changes()]
        counted = self._look("rev-list", "--left-right", "--count", "HEAD...@{upstream}")
        ahead, behind = counted.out.split() if counted.ok else ("0", "0")
        return {
            "clean": not files, "branch": self.branch(), "commit": self.head() or "", "files": files,
            "ahead": int(ahead), "behind": int(behind),
        }  # fmt: skip

    def log(self, count: int, version: str) -> "list[dict[str, str]]":
        """The last commits."""
        _check_version(version)
        told = self._must("log", f"--max-count={count}", "--format=%H%x00%an%x00%ae%x00%aI%x00%s", version, "--")
        return [dict(zip(_FIELDS, line.split("\0"))) for line in told.splitlines()]

    # what becomes of it

    def make(self, url: str, version: "str | None", depth: "int | None") -> None:
        """Clone it."""
        _check_url(url)
        is_commit = version is not None and _COMMIT.match(version) is not None
        words = ["--branch", version] if version is not None and not is_commit else []
        if version is not None:
            _check_version(version)
        if depth is not None and not is_commit:
            words += ["--depth", str(depth)]
        if self.host.check:
            self._remote(url, version)  # an address or a version that is wrong is told in a check, too
        command = ("git", *_SAFE, "clone", "--quiet", *words, "--", url, self.path)
        self.host.change(*command, env=self._env, note=f"clone {_shown(url)} to {self.path}")
        if is_commit and not self.host.check:
            self._quietly("checkout", "--quiet", "--detach", str(version))

    def follow(self, url: str) -> None:
        """Make this its origin."""
        _check_url(url)
        now = self.url()
        if now != url:
            words = ("set-url", "origin") if now else ("add", "origin")
            self._change(f"{self.path} comes from {_shown(url)}", "remote", *words, url)

    def bring_to(self, version: "str | None", depth: "int | None", *, force: bool) -> None:
        """Fetch a version of the origin, if it is another, and check it out."""
        branch = self.branch()
        asked = version or branch
        if not asked:
            return  # a mere commit is checked out: there is nothing that it could follow
        _check_version(asked)
        wanted, ref = self._remote(self.url(), asked)
        is_branch = ref.startswith("refs/heads/")
        head = self.head()
        is_dirty = bool(self._changes(tracked=True))
        if head == wanted and (branch == asked or not is_branch) and not (force and is_dirty):
            return
        if is_dirty and not force:
            raise ActionFailed(f"{self.path} was changed by hand; commit that, or give it up with force = true")
        note = f"{self.path}: {(head or 'nothing')[:12]} -> {wanted[:12]} ({asked})"
        if self.host.check:
            self.host.effect(note, lambda: None)
            return
        followed = self._commit(f"refs/heads/{asked}") == self._commit(f"refs/remotes/origin/{asked}")
        self._fetch(ref or wanted, wanted, depth)
        checkout = ["checkout", "--quiet", *(["--force"] if force else [])]
        if not is_branch:
            self._change(note, *checkout, "--detach", wanted)
            return
        if not force and not followed and not self._is_before(asked, wanted):
            what = f"{self.path} has commits on {asked} that its origin does not have"
            raise ActionFailed(f"{what}; force = true gives them up")
        self._change(note, *checkout, "-B", asked, wanted)
        self._let_follow(asked, ref)

    def _let_follow(self, branch: str, ref: str) -> None:
        """A later `git pull` by hand knows where the branch comes from."""
        if self._look("config", "--get", f"branch.{branch}.remote").out.strip() != "origin":
            self._quietly("config", f"branch.{branch}.remote", "origin")
            self._quietly("config", f"branch.{branch}.merge", ref)

    def checkout(self, version: str, *, create: bool, force: bool) -> None:
        """Check out what it has."""
        _check_version(version)
        local = self._commit(f"refs/heads/{version}")
        known = local or self._commit(f"refs/remotes/origin/{version}") or self._commit(version)
        branch = self.branch()
        if branch == version or (known is not None and not (local or branch) and self.head() == known):
            return
        if known is None and not create:
            raise ActionFailed(f"{self.path} has no branch, tag or commit {version}; git.pull or git.clone fetches")
        words = ["-b", version] if known is None else [version]
        flags = ["--force"] if force else []
        self._change(f"check out {version} in {self.path}", "checkout", "--quiet", *flags, *words, "--")

    def commit(self, message: str, files: "Sequence[str]", author: "str | None") -> None:
        """Commit what was changed."""
        if not self._changes(paths=files):
            return
        identity = _identity(author)
        note = f"commit {message.splitlines()[0] if message else ''!r} in {self.path}"
        if self.host.check:
            self.host.effect(note, lambda: None)
            return
        self._quietly("add", "--all", "--", *(files or ["."]))
        self._change(note, *identity, "commit", "--quiet", "--file=-", "--", *files, stdin=message)

    def push(self, remote: str, branch: "str | None", *, tags: bool) -> None:
        """Push what the remote does not have."""
        name = branch or self.branch()
        if not name:
            raise ActionFailed(f"{self.path} has no branch checked out: say which one to push")
        _check_version(name)
        own = self._commit(f"refs/heads/{name}")
        if own is None:
            raise ActionFailed(f"{self.path} has no branch {name}")
        there = self._list_remote(remote, f"refs/heads/{name}")
        if there.get(f"refs/heads/{name}") != own:
            self._change(f"push {name} to {remote}", "push", "--quiet", "--", remote, f"{name}:{name}")
        if tags:
            theirs = self._list_remote(remote, "refs/tags/*")
            missing = [one for one in self._must("tag", "--list").split() if f"refs/tags/{one}" not in theirs]
            if missing:
                self._change(f"push the tags {', '.join(missing)}", "push", "--quiet", "--tags", "--", remote)

    def tag(self, name: str, message: "str | None", at: str) -> None:
        """Have a tag at a commit."""
        _check_version(name)
        _check_version(at)
        wanted = self._commit(at)
        if wanted is None:
            raise ActionFailed(f"{self.path} has no commit {at}")
        there = self._commit(f"refs/tags/{name}")
        if there == wanted:
            return
        if there is not None:
            raise ActionFailed(f"the tag {name} is at {there[:12]}, not at {wanted[:12]}; a tag that moves misleads")
        words = [] if message is None else ["--annotate", "--file=-"]
        self._change(f"tag {name} in {self.path}", "tag", *words, "--", name, wanted, stdin=message or "")

    def clean(self, *, untracked: bool) -> None:
        """Give up what was changed."""
        if self._changes(tracked=True):
            self._change(f"give up changes in {self.path}", "reset", "--quiet", "--hard")
        if untracked and self._changes():
            self._change(f"remove untracked files from {self.path}", "clean", "--quiet", "-d", "--force", "--force")

    # git itself

    def _words(self) -> "list[str]":
        return ["git", "--no-optional-locks", "-C", self.path, "-c", f"safe.directory={self.path}", *_SAFE]

    def _look(self, *words: str) -> "Done":
        return self.host.run(*self._words(), *words)

    def _must(self, *words: str) -> str:
        done = self._look(*words)
        if not done.ok:
            raise ActionFailed(f"git {words[0]} in {self.path}: {_why(done)}")
        return done.out

    def _change(self, note: str, *words: str, stdin: str = "") -> None:
        self.host.change(*self._words(), *words, env=self._env, note=note, stdin=stdin)

    def _quietly(self, *words: str) -> None:
        """A part of a change that is noted as a whole."""
        noted = len(self.host.changes)
        self._change("git", *words)
        del self.host.changes[noted:]

    def _commit(self, version: str) -> "str | None":
        found = self._look("rev-parse", "--quiet", "--verify", "--end-of-options", version + "^{commit}")
        return found.out.strip() if found.ok else None

    def _changes(self, *, tracked: bool = False, paths: "Sequence[str]" = ()) -> "list[tuple[str, str]]":
        """What was changed: two letters that say how, and the path."""
        flags = ["--untracked-files=" + ("no" if tracked else "all")]
        told = self._must("status", "--porcelain", "-z", *flags, "--", *paths)
        entries = iter(told.split("\0"))
        found = []
        for one in entries:
            if one:
                found.append((one[:2], one[3:]))
            if one[:1] in ("R", "C") or one[1:2] in ("R", "C"):
                next(entries)  # where it was before
        return found

    def _is_before(self, branch: str, commit: str) -> bool:
        """Whether all of a branch of ours is in the history of a commit."""
        own = self._commit(f"refs/heads/{branch}")
        return own is None or self._look("merge-base", "--is-ancestor", own, commit).ok

    def _fetch(self, ref: str, wanted: str, depth: "int | None") -> None:
        words = [f"--depth={depth}"] if depth is not None else []
        is_branch = ref.startswith("refs/heads/")
        own = f"refs/remotes/origin/{ref[len('refs/heads/') :]}" if is_branch else ref
        if is_branch or self._commit(own) != wanted:
            target = f"+{ref}:{own}" if ref.startswith("refs/") else ref
            self._quietly("fetch", "--quiet", *words, "--", "origin", target)

    def _remote(self, url: str, version: "str | None") -> "tuple[str, str]":
        """The commit of a version at an address, and its ref there; a commit stands for itself."""
        if version is not None and _COMMIT.match(version):
            return version, ""
        tag = f"refs/tags/{version}"
        names = ["HEAD"] if version is None else [f"refs/heads/{version}", tag + "^{}", tag]
        found = self._list_remote(url, *names)
        for name in names:  # of a tag with a message the commit comes before the tag itself
            if name in found:
                return found[name], name.replace("^{}", "")
        known = self._commit(version) if version is not None and _ABBREVIATED.match(version) else None
        if known is not None:
            return known, ""
        raise ActionFailed(f"{_shown(url)} has no branch or tag {version or 'HEAD'}")

    def _list_remote(self, url: str, *names: str) -> "dict[str, str]":
        words = self._words() if os.path.isdir(raw(self.path)) else ["git", *_SAFE]
        done = self.host.execute([*words, "ls-remote", "--quiet", "--", url, *names], env=self._env)
        if not done.ok:
            raise ActionFailed(f"git cannot reach {_shown(url)}: {_why(done)}")
        rows = [line.split("\t", 1) for line in done.out.splitlines() if "\t" in line]
        return {name: commit for commit, name in rows}


def _why(done: "Done") -> str:
    """Why git failed, where its last lines do not tell: it reads no repository of another user."""
    foreign = re.search("detected dubious ownership in repository at '(.*)'", done.err)
    if foreign is not None:
        return f"{foreign.group(1)} belongs to another user (needs become: the task has to be that user's)"
    return last_words(done) + become_hint([done.err])


def _check_version(version: str) -> None:
    if not version or version.startswith("-") or any(char in " ~^:?*[\\\0\n" for char in version) or ".." in version:
        raise BadArguments(f"{version!r} is no branch, tag or commit")


def _check_url(url: str) -> None:
    if not url or url.startswith("-") or "\n" in url or "\0" in url:
        raise BadArguments(f"{url!r} is no address of a repository")


def _shown(url: str) -> str:
    """An address without the password or token in it."""
    return re.sub(r"^(\w+://)[^/@]+@", r"\1", url)


def _identity(author: "str | None") -> "list[str]":
    if author is None:
        return []
    match = re.match(r"^\s*(.*?)\s*<([^<>]+)>\s*$", author)
    if match is None:
        raise BadArguments(f"author wants `Name <mail>`, got {author!r}")
    return ["-c", f"user.name={match.group(1)}", "-c", f"user.email={match.group(2)}"]
