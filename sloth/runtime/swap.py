"""One step from a file's old content to the new one.

The new content is written to a temporary file of the same directory, gets the owner, mode and extended
attributes (ACLs, SELinux label) of the file it replaces, reaches the disk, and takes its name by
rename. Where a rename cannot be (a file that is itself a mount point, a directory that we may not
write in while the file is ours to write) the file is overwritten in place, and the person is told.
"""

import errno
import os
import stat

from sloth.runtime.attributes import NO_MODES, Wanted, apply
from sloth.runtime.place import Explained, Place, expect_mode, locate
from sloth.runtime.writing import make_room, write_all

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterable

    from sloth.runtime.host import Host

    Approve = Callable[[str], None]

_BLOCK = 1 << 18
_SPOOLS = ("/var/tmp", "/tmp")  # noqa: S108 - the file there gets a random name, O_EXCL, and loses the name at once
# What vouches for a content must not outlive it; the kernel writes these itself where they belong.
_OF_THE_CONTENT = ("security.capability", "security.ima", "security.evm")
_NO_RENAME = (errno.EBUSY, errno.EXDEV)
_NO_TEMPORARY = (errno.EACCES, errno.EROFS)


def replace(
    host: "Host",
    place: Place,
    chunks: "Iterable[bytes]",
    want: Wanted,
    *,
    model: "Place | None" = None,
    approve: "Approve | None" = None,
    durable: bool = True
) -> None:
    """Give a name a new content in one step. `model`: whose attributes it gets, if not those of the old file.

    durable: the content is on the disk before it takes the name; otherwise whoever calls sees to that

    approve: called with the path of the complete new content before it takes the name; raises to refuse
    """
    swap = _Swap(host, place, want, model or place, durable=durable)
    with Explained("write", place.path):
        try:
            swap.make_temporary()
        except OSError as error:
            if error.errno not in _NO_TEMPORARY or not swap.may_overwrite():
                raise
            swap.spool()
        try:
            _fill(host, swap.fd, chunks)
            if approve is not None:
                approve(swap.content_path)
            swap.finish()
        finally:
            swap.close()


class _Swap:
    """The new content on its way: in a temporary file beside the old one, or in a nameless file elsewhere."""

    def __init__(self, host: "Host", place: Place, want: Wanted, model: Place, *, durable: bool) -> None:
        self.host = host
        self.place = place
        self.want = want
        self.model = model
        self.durable = durable
        found = model.stat()
        self.old = found if found is not None and stat.S_ISREG(found.st_mode) else None
        self.temporary = None  # type: Place | None
        self.fd = -1
        self.content_path = ""
        self.watch = 0

    def make_temporary(self) -> None:
        """The usual way. Where the kernel knows the final mode (umask, default ACL), it sets it."""
        temporary = self.place.temporary()
        try:
            self.fd = temporary.open(os.O_RDWR | os.O_CREAT | os.O_EXCL, self._first_mode())
        except OSError:
            temporary.close()
            raise
        self.temporary = temporary
        self.content_path = temporary.path
        # when the run ends here, nobody comes back to tidy up
        self.watch = self.host.token.on_stop(lambda: _drop(temporary))

    def _first_mode(self) -> int:
        """Others may see no more of it than in the end; where its owner is to change, nothing."""
        if self.old is not None or self.want.uid is not None or self.want.gid is not None:
            return 0o600
        if self.want.mode is None:
            return 0o666
        return self.want.bits_when_new() & 0o777 | 0o600

    def may_overwrite(self) -> bool:
        """Whether there is a file that we may write into. Asked before anybody is asked to approve of a content."""
        try:
            os.close(self.place.open(os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return self.old is not None

    def spool(self) -> None:
        """The directory takes no new file."""
        self.fd = _nameless()
        self.content_path = f"/proc/{os.getpid()}/fd/{self.fd}"

    def finish(self) -> None:
        """Take the name, or overwrite what has it."""
        if self.temporary is None:
            self._overwrite("its directory is not ours to write in")
            return
        try:
            self._dress()
        except PermissionError:
            if self.old is None or self.old.st_uid == os.geteuid() or self.want.uid is not None:
                raise
            self._overwrite("its owner can only be kept that way")
            return
        if self.durable:
            os.fsync(self.fd)
        self.host.token.check()
        try:
            self.temporary.rename(self.place)
        except OSError as error:
            if self.old is None or error.errno not in _NO_RENAME:
                raise
            self._overwrite(f"a rename is not possible: {error.strerror}")
            return
        self.temporary.close()
        self.temporary = None

    def close(self) -> None:
        """Leave nothing behind."""
        os.close(self.fd)
        self.host.token.done(self.watch)
        if self.temporary is not None:
            _drop(self.temporary)
            self.temporary.close()

    def _dress(self) -> None:
        """Owner first (the kernel drops setuid bits then), extended attributes, mode last."""
        now, old, want = os.fstat(self.fd), self.old, self.want
        uid = want.uid if want.uid is not None else now.st_uid if old is None else old.st_uid
        gid = want.gid if want.gid is not None else now.st_gid if old is None else old.st_gid
        if (uid, gid) != (now.st_uid, now.st_gid):
            os.fchown(self.fd, uid, gid)
        if old is not None:
            _copy_xattrs(self.model, self.fd)
            self._set_mode(want.bits(old.st_mode))
        elif want.mode is not None:
            self._set_mode(want.bits_when_new())

    def _set_mode(self, bits: int) -> None:
        if bits == stat.S_IMODE(os.fstat(self.fd).st_mode):
            return
        try:
            os.fchmod(self.fd, bits)
            expect_mode(self.fd, bits)
        except OSError as error:
            is_demanded = self.want.mode is not None and not self.want.if_possible
            if is_demanded or error.errno not in NO_MODES:
                raise  # else the file is ours, so it is the file system (vfat) that knows no modes

    def _overwrite(self, why: str) -> None:
        """Write into the file itself, which keeps what it is but is not whole meanwhile."""
        fd = self.place.open(os.O_WRONLY)
        try:
            self.host.token.check()
            make_room(fd, os.fstat(self.fd).st_size)
            os.lseek(self.fd, 0, os.SEEK_SET)
            data = os.read(self.fd, _BLOCK)
            while data:
                write_all(fd, data)
                data = os.read(self.fd, _BLOCK)
            os.ftruncate(fd, os.lseek(fd, 0, os.SEEK_CUR))
            os.fsync(fd)
        finally:
            os.close(fd)
        self.host.warn(f"{self.place.path} was overwritten in place, not in one step: {why}")
        apply(self.host, self.place, self.want)


def _drop(temporary: Place) -> None:
    try:
        temporary.unlink()
    except FileNotFoundError:
        pass  # it has its name, or was dropped before


def _fill(host: "Host", fd: int, chunks: "Iterable[bytes]") -> None:
    for data in chunks:
        host.token.check()
        write_all(fd, data)


def _copy_xattrs(source: Place, fd: int) -> None:
    try:
        origin = source.open(os.O_RDONLY | os.O_NONBLOCK)
    except PermissionError:
        return  # a file that we may only write has no attributes that we may read
    try:
        for name in os.listxattr(origin):
            if name not in _OF_THE_CONTENT:
                _copy_xattr(origin, fd, name)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
    finally:
        os.close(origin)


def _copy_xattr(origin: int, fd: int, name: str) -> None:
    try:
        os.setxattr(fd, name, os.getxattr(origin, name))
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENODATA}:
            raise


def _nameless() -> int:
    """A descriptor of a temporary file that has no name and so never stays behind."""
    directory = next((one for one in _SPOOLS if os.access(one, os.W_OK)), _SPOOLS[0])
    with locate(directory + "/.sloth-" + os.urandom(8).hex()) as place:
        fd = place.open(os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        place.unlink()
        return fd
