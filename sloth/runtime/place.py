"""One name in one directory, reached without trusting the symbolic links of others.

A path is walked part by part with the directories held open, so nobody can swap the road behind our
back, and the last part is then used by name within its directory. On the way a link that belongs to
another user (not to root, not to us) is followed only to what that same user owns: whoever may write
in a directory could otherwise send root's writes anywhere. Paths are bytes here, so that any name
works in any locale.
"""

import errno
import os
import pwd
import stat
import time

from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from types import TracebackType

_HOPS = 40
_NEEDS_BECOME = (errno.EACCES, errno.EPERM)


class Explained:
    """Turns an OSError of the block into an ActionFailed that names the path and what helps."""

    def __init__(self, verb: str, path: str) -> None:
        self.verb = verb
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        if isinstance(error, OSError):
            raise refusal(self.verb, self.path, error) from error


def refusal(verb: str, path: str, error: OSError) -> ActionFailed:
    """The failure that an OSError means to a person."""
    text = f"cannot {verb} {path}: {error.strerror}"
    if error.errno in _NEEDS_BECOME and os.geteuid() != 0:
        text += f" (running as {user_name(os.geteuid())}; needs become)"
    elif error.errno == errno.EPERM:
        text += " (even root may not: is it immutable, see lsattr, or on a file system without owners, modes or links?)"
    elif error.errno == errno.EROFS:
        text += " (`mount` tells why it is mounted so)"
    elif error.errno == errno.ENOSPC:
        text += " (free some space and run again)"
    return ActionFailed(text, errno=error.errno or 0)


def user_name(uid: int) -> str:
    """The name of a uid, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def raw(path: str) -> bytes:
    """Text as bytes: a path for the kernel or a content, in any locale."""
    return path.encode("utf-8", "surrogateescape")


def text(name: bytes) -> str:
    """A name from the kernel as text; bytes that are no UTF-8 survive the way back."""
    return name.decode("utf-8", "surrogateescape")


class Place:
    """A name in a directory that is held open. Use it as a context manager, or close it."""

    def __init__(self, path: str, directory: int, name: bytes) -> None:
        self.path = path
        self.directory = directory
        self.name = name

    def __enter__(self) -> "Place":  # noqa: PYI034 - typing.Self is newer than the runtime's floor
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the directory."""
        os.close(self.directory)

    def beside(self, name: bytes) -> "Place":
        """Another name in the same directory."""
        return Place(os.path.join(os.path.dirname(self.path), text(name)), os.dup(self.directory), name)

    def inside(self, name: bytes) -> "Place":
        """A name in the directory that this place is."""
        return Place(os.path.join(self.path, text(name)), self.open(os.O_PATH | os.O_DIRECTORY), name)

    def temporary(self) -> "Place":
        """A name in the same directory that nothing has yet."""
        return self.beside(b".sloth-" + os.urandom(8).hex().encode())

    def stat(self) -> "os.stat_result | None":
        """What is there, a link being itself; None when nothing is."""
        try:
            return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def is_directory(self) -> bool:
        """Whether a directory is there; a link to one is none."""
        found = self.stat()
        return found is not None and stat.S_ISDIR(found.st_mode)

    def open(self, flags: int, mode: int = 0o600) -> int:
        """A descriptor; never through a link."""
        return os.open(self.name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.directory)

    def names(self) -> "list[bytes]":
        """What a directory holds, sorted."""
        fd = self.open(os.O_RDONLY | os.O_DIRECTORY)
        try:
            return sorted(raw_name(name) for name in os.listdir(fd))
        finally:
            os.close(fd)

    def target(self) -> bytes:
        """Where a symbolic link points."""
        return os.readlink(self.name, dir_fd=self.directory)

    def rename(self, other: "Place") -> None:
        """Take another name in one step, in the place of what has it now."""
        os.rename(self.name, other.name, src_dir_fd=self.directory, dst_dir_fd=other.directory)

    def unlink(self) -> None:
        """Remove a file or link."""
        os.unlink(self.name, dir_fd=self.directory)

    def rmdir(self) -> None:
        """Remove an empty directory."""
        os.rmdir(self.name, dir_fd=self.directory)

    def mkdir(self, mode: int = 0o777) -> None:
        """Make a directory."""
        os.mkdir(self.name, mode, dir_fd=self.directory)

    def chown(self, uid: int, gid: int) -> None:
        """Give it to a user and group (-1: as it is); a link itself, not what it points to."""
        os.chown(self.name, uid, gid, dir_fd=self.directory, follow_symlinks=False)

    def touch(self, accessed: bool, modified: bool) -> None:
        """Set the time of the last access, of the last change, or both, to now."""
        found = os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        now = int(time.time() * 1e9)
        times = (now if accessed else found.st_atime_ns, now if modified else found.st_mtime_ns)
        os.utime(self.name, ns=times, dir_fd=self.directory, follow_symlinks=False)

    def chmod(self, mode: int) -> None:
        """Set the mode of what is there now, even when somebody swaps the name for a link meanwhile."""
        fd = self.open(os.O_PATH)
        try:
            if not stat.S_ISLNK(os.fstat(fd).st_mode):
                os.chmod(f"/proc/self/fd/{fd}", mode)  # a descriptor of O_PATH takes no fchmod
                expect_mode(fd, mode)
        finally:
            os.close(fd)


def expect_mode(fd: int, mode: int) -> None:
    """OSError where a change of mode went well and made nothing, or something else: exFAT, a group that is not ours."""
    now = stat.S_IMODE(os.fstat(fd).st_mode)
    if now != mode:
        raise OSError(errno.ENOTSUP, f"mode {mode:04o} became {now:04o}; its file system or our groups permit no other")


def raw_name(name: "str | bytes") -> bytes:
    """A name that os.listdir gave for a descriptor, back as the kernel's bytes."""
    return name if isinstance(name, bytes) else os.fsencode(name)


def locate(path: str, follow: bool = False) -> Place:
    """The place of an absolute path. `follow`: when the last part is a link, the place where it leads.

    Raises OSError (ENOENT for a missing directory on the way) and ActionFailed for a link of others.
    """
    walk = _Walk(path, follow)
    try:
        directory, name = walk.run()
    except BaseException:
        os.close(walk.directory)
        raise
    return Place(walk.path, directory, name)


class _Link:
    """Comes in the queue behind the parts of a link's target: there the owner is looked at."""

    def __init__(self, path: str, owner: int) -> None:
        self.path = path
        self.owner = owner


class _Walk:
    """The way along one path."""

    def __init__(self, path: str, follow: bool) -> None:
        self.path = path
        self.follow = follow
        self.queue = [part for part in raw(path).split(b"/") if part not in {b"", b"."}]  # type: list[bytes | _Link]
        self.directory = _open_root()
        self.seen = b"/"
        self.hops = 0

    def run(self) -> "tuple[int, bytes]":
        """The directory's descriptor and the last name in it."""
        while self.queue:
            part = self.queue.pop(0)
            if isinstance(part, _Link):
                _judge(part, os.fstat(self.directory), text(self.seen))
                continue
            last = not any(isinstance(other, bytes) for other in self.queue)
            if self._is_followed(part, last):
                continue
            if last and part != b"..":
                return self._arrive(part)
            self._enter(part)
        return self.directory, b"."

    def _is_followed(self, part: bytes, last: bool) -> bool:
        found = _lstat(part, self.directory)
        if found is None or not stat.S_ISLNK(found.st_mode) or (last and not self.follow):
            return False
        self.hops += 1
        if self.hops > _HOPS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = os.readlink(part, dir_fd=self.directory)
        ahead = [piece for piece in target.split(b"/") if piece not in {b"", b"."}]  # type: list[bytes | _Link]
        self.queue[:0] = [*ahead, _Link(text(os.path.join(self.seen, part)), found.st_uid)]
        if target.startswith(b"/"):
            self._move_to(_open_root(), b"/")
        if last:
            self.path = text(target if target.startswith(b"/") else os.path.join(self.seen, target))
        return True

    def _arrive(self, name: bytes) -> "tuple[int, bytes]":
        found = _lstat(name, self.directory) or os.fstat(self.directory)
        for link in self.queue:
            assert isinstance(link, _Link)
            _judge(link, found, text(os.path.join(self.seen, name)))
        return self.directory, name

    def _enter(self, name: bytes) -> None:
        flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        self._move_to(os.open(name, flags, dir_fd=self.directory), os.path.normpath(os.path.join(self.seen, name)))

    def _move_to(self, directory: int, seen: bytes) -> None:
        os.close(self.directory)
        self.directory = directory
        self.seen = seen


def _judge(link: _Link, reached: os.stat_result, where: str) -> None:
    if link.owner in {0, os.geteuid(), reached.st_uid}:
        return
    owner, other = user_name(link.owner), user_name(reached.st_uid)
    raise ActionFailed(
        f"refused to follow the symbolic link {link.path} of {owner} to {where} of {other}: {owner} could point it "
        f"anywhere; name the real path, or become {owner}"
    )


def _open_root() -> int:
    return os.open(b"/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _lstat(name: bytes, directory: int) -> "os.stat_result | None":
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
