"""Services of new packages kept from starting: Debian's packages ask `policy-rc.d` before they start any."""

import os

from sloth.runtime.place import Explained
from sloth.runtime.writing import write_all

MYPY = False
if MYPY:
    from types import TracebackType

_MARK = "# of sloth, while packages are installed\n"
_SCRIPT = f"#!/bin/sh\n{_MARK}exit 101\n"


class StartNothing:
    """While this is held, whoever asks is told to start nothing. A policy that the host has comes back afterwards.

    It is kept beside ours, and known there by its name: also after a run that was killed.
    """

    def __init__(self, root: str) -> None:
        self._path = os.path.join(root, "usr/sbin/policy-rc.d")
        self._kept = self._path + ".sloth-kept"

    def __enter__(self) -> None:
        with Explained("write", self._path):
            new = self._path + ".sloth-new"
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o755)
            try:
                write_all(fd, _SCRIPT.encode("ascii"))
                os.fchmod(fd, 0o755)
                if os.path.lexists(self._path) and not os.path.lexists(self._kept) and not self._is_ours():
                    os.link(self._path, self._kept, follow_symlinks=False)
            except OSError:
                os.unlink(new)
                raise
            finally:
                os.close(fd)
            os.rename(new, self._path)

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        with Explained("restore", self._path):
            if os.path.lexists(self._kept):
                os.rename(self._kept, self._path)
            else:
                os.unlink(self._path)

    def _is_ours(self) -> bool:
        with open(self._path, "rb") as file:
            return _MARK.encode("ascii") in file.read(len(_SCRIPT))
