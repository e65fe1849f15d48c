"""Bytes into an open file, all of them or none: the kernel may take a part, as it does when the disk is full."""

import errno
import os


def write_all(fd: int, data: bytes) -> None:
    """Write at the file's position. An OSError leaves a part there."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def append_all(fd: int, data: bytes) -> None:
    """Write at the end of a file that was opened to be appended to. An OSError leaves it as it was."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(fd, rest) :]
    except OSError:
        end, written = os.fstat(fd).st_size, len(data) - len(rest)
        if written and os.lseek(fd, 0, os.SEEK_CUR) == end:  # nobody else has appended meanwhile
            os.ftruncate(fd, end - written)
        raise


def make_room(fd: int, size: int) -> None:
    """See that a file can grow to a size before its content is overwritten. An OSError leaves it as it was."""
    before = os.fstat(fd).st_size
    if size <= before:
        return
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        os.ftruncate(fd, before)
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENODEV):  # that file system cannot tell
            raise
