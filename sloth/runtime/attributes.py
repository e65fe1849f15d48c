"""Mode, owner and group of files: read from what users write, compared with what is, set where they differ."""

import errno
import grp
import os
import pwd
import re
import stat

from sloth.runtime import mounts
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.place import Explained, Place, user_name

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

NO_MODES = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)  # how a file system says that it keeps no modes, or not this one
_CLAUSE = r"^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$"
_OPERATION = r"([-+=])([rwxXstugo]*)"
_SHIFT = {"u": 6, "g": 3, "o": 0}
_SPECIAL = {"u": stat.S_ISUID, "g": stat.S_ISGID, "o": 0}


class Wanted:
    """What a call asks for; None stays as it is. `mode` is as the user wrote it.

    if_possible: a file system that keeps no such mode is no failure
    """

    def __init__(
        self,
        mode: "str | None" = None,
        uid: "int | None" = None,
        gid: "int | None" = None,
        *,
        if_possible: bool = False
    ) -> None:
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.if_possible = if_possible

    def bits(self, current: int, is_dir: bool = False) -> int:
        """The mode bits wanted for something whose mode is `current`."""
        return stat.S_IMODE(current) if self.mode is None else parse_mode(self.mode, current, is_dir)

    def bits_when_new(self) -> int:
        """The same for a file that is just made: a symbolic mode is one of what the umask leaves."""
        assert self.mode is not None
        return parse_mode(self.mode, 0 if _is_octal(self.mode) else 0o666 & ~umask())


def wanted(host: "Host", mode: "str | None", owner: "str | int | None", group: "str | int | None") -> Wanted:
    """Names resolved before anything is changed. An unknown one fails; in check mode it may yet be made: a warning."""
    return Wanted(mode, _id_of(host, "user", owner), _id_of(host, "group", group))


def apply(host: "Host", place: Place, want: Wanted) -> None:
    """Set what differs on something that exists; nothing else is touched."""
    found = place.stat()
    if found is None:
        return
    with Explained("change the owner of", place.path):
        _apply_owner(host, place, want, found)
    if want.mode is None or stat.S_ISLNK(found.st_mode):
        return
    current = stat.S_IMODE(found.st_mode)
    bits = want.bits(current, stat.S_ISDIR(found.st_mode))
    if bits != current:
        if host.check and not mounts.keeps_modes(found.st_dev):
            if want.if_possible:
                return
            host.warn(f"the file system of {place.path} keeps no modes, so it may refuse {bits:04o}")
        with Explained("change the mode of", place.path):
            try:
                host.effect(f"mode {place.path} {current:04o} -> {bits:04o}", lambda: place.chmod(bits))
            except OSError as error:
                if not want.if_possible or error.errno not in NO_MODES:
                    raise


def _apply_owner(host: "Host", place: Place, want: Wanted, found: os.stat_result) -> None:
    uid = -1 if want.uid is None or want.uid == found.st_uid else want.uid
    gid = -1 if want.gid is None or want.gid == found.st_gid else want.gid
    parts = []
    if uid != -1:
        parts.append(f"owner {place.path} {user_name(found.st_uid)} -> {user_name(uid)}")
    if gid != -1:
        parts.append(f"group {place.path} {group_name(found.st_gid)} -> {group_name(gid)}")
    if not parts:
        return

    def change() -> None:
        place.chown(uid, gid)
        if found.st_mode & (stat.S_ISUID | stat.S_ISGID) and want.mode is None:
            place.chmod(stat.S_IMODE(found.st_mode))  # the kernel takes these bits away at a change of owner

    host.effect(", ".join(parts), change)


def parse_mode(mode: str, current: int, is_dir: bool = False) -> int:
    """The bits of an octal mode, or of a symbolic one applied to `current`."""
    if _is_octal(mode):
        bits = int(mode, 8)
        if bits > 0o7777:
            raise BadArguments(f"the mode {mode} has more than four octal digits")
        return bits
    bits = stat.S_IMODE(current)
    for clause in mode.split(","):
        match = re.match(_CLAUSE, clause)
        if match is None:
            raise BadArguments(f'the mode {mode} is neither octal such as "0644" nor symbolic such as "u=rw,g+x"')
        for operator, letters in re.findall(_OPERATION, match.group(2)):
            bits = _symbolic(bits, match.group(1), operator, letters, is_dir)
    return bits


def _is_octal(mode: str) -> bool:
    return mode.isdigit() or mode.startswith("0o")


def _symbolic(bits: int, who: str, operator: str, letters: str, is_dir: bool) -> int:
    classes = "ugo" if not who or "a" in who else who
    mask = 0 if who else umask()
    change = 0
    for one in classes:
        change |= _class_bits(bits, one, letters, is_dir)
    if "t" in letters and (not who or "a" in who or "o" in who):
        change |= stat.S_ISVTX
    change &= ~mask
    if operator == "+":
        return bits | change
    if operator == "-":
        return bits & ~change
    cleared = 0
    for one in classes:
        cleared |= 7 << _SHIFT[one]
        cleared |= 0 if is_dir else _SPECIAL[one]  # as chmod(1): a directory keeps them unless named
    return bits & ~cleared | change


def _class_bits(bits: int, who: str, letters: str, is_dir: bool) -> int:
    three = 0
    special = 0
    for letter in letters:
        if letter in _SHIFT:
            three |= bits >> _SHIFT[letter] & 7
        elif letter == "s":
            special |= _SPECIAL[who]
        elif letter == "X":
            three |= 1 if is_dir or bits & 0o111 else 0
        else:
            three |= {"r": 4, "w": 2, "x": 1, "t": 0}[letter]
    return three << _SHIFT[who] | special


def umask() -> int:
    """The umask of this process, read without changing it: other threads create files meanwhile."""
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"Umask:"):
                    return int(line.split()[1], 8)
    except OSError:
        return 0o022
    return 0o022


def group_name(gid: int) -> str:
    """The name of a gid, or the number where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _id_of(host: "Host", kind: str, name: "str | int | None") -> "int | None":
    if name is None or isinstance(name, int):
        return name
    try:
        return pwd.getpwnam(name).pw_uid if kind == "user" else grp.getgrnam(name).gr_gid
    except KeyError:
        if name.isdigit():
            return int(name)
    text = f"there is no {kind} {name} on this host"
    if not host.check:
        raise ActionFailed(f"{text}; nothing was changed")
    host.warn(f"{text} (yet): {'owner' if kind == 'user' else 'group'} not checked")
    return None
