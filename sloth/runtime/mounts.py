"""What is mounted, and /etc/fstab, both with their escapes: a space is `\\040` there."""

import os
import re

from sloth.runtime.failure import BadArguments

_ESCAPE = re.compile(r"\\([0-7]{3})")
_WITHOUT_MODES = ("vfat", "msdos", "exfat", "fuseblk")  # the last: exFAT and NTFS by programs, which keep none either
_SPECIAL = {" ": "\\040", "\t": "\\011", "\n": "\\012", "\\": "\\134", "#": "\\043"}


class Mount:
    """One mount, or one line of fstab. device: of what is mounted, its numbers, the same for all mounts of it."""

    def __init__(
        self,
        source: str,
        path: str,
        kind: str,
        options: "list[str]",
        dump: int = 0,
        order: int = 0,
        device: str = "",
    ) -> None:
        self.source = source
        self.path = path
        self.kind = kind
        self.options = options
        self.dump = dump
        self.order = order
        self.device = device

    def line(self) -> str:
        """As fstab has it."""
        words = [self.source, self.path, self.kind, ",".join(self.options) or "defaults"]
        if not all(words):
            raise BadArguments("mount: source, path and kind must not be empty")
        return " ".join([*map(escaped, words), str(self.dump), str(self.order)])


def escaped(text: str) -> str:
    """A word for fstab."""
    return "".join(_SPECIAL.get(char, char) for char in text)


def plain(text: str) -> str:
    """A word of fstab or mountinfo as it is meant."""
    return _ESCAPE.sub(lambda found: chr(int(found.group(1), 8)), text)


def now() -> "list[Mount]":
    """What is mounted, in the order of mounting; of several on one path the last holds."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as info:
        return mounted(info.read())


def mounted(mountinfo: str) -> "list[Mount]":
    """What /proc/self/mountinfo tells."""
    found = []
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, more = left.split(" "), right.split(" ")
        if len(fields) > 5 and len(more) > 1:
            options = fields[5].split(",") + (more[2].split(",") if len(more) > 2 else [])
            once = list(dict.fromkeys(options))
            found.append(Mount(plain(more[1]), plain(fields[4]), more[0], once, device=fields[2]))
    return found


def keeps_modes(device: int) -> bool:
    """Whether what is mounted from a device (by its number) gives each file a mode of its own, as FAT does not."""
    numbers = f"{os.major(device)}:{os.minor(device)}"
    return all(mount.kind not in _WITHOUT_MODES for mount in now() if mount.device == numbers)


def entry(line: str) -> "Mount | None":
    """A line of fstab, None for a comment or anything else."""
    words = line.split()
    if len(words) < 3 or words[0].startswith("#"):
        return None
    numbers = [int(word) if word.isdigit() else 0 for word in [*words, "0", "0", "0"][4:6]]
    options = plain(words[3]).split(",") if len(words) > 3 else []
    return Mount(plain(words[0]), plain(words[1]), words[2], options, numbers[0], numbers[1])


def with_entry(text: str, path: str, new: "Mount | None") -> str:
    """fstab with this entry for a path in the place of the one it has, or at the end; None takes it away."""
    lines, kept, is_placed = text.splitlines(keepends=True), [], new is None
    for line in lines:
        there = entry(line)
        if there is None or there.path != path:
            kept.append(line)
        elif not is_placed and new is not None:
            kept.append(line if _is_same(there, new) else new.line() + "\n")
            is_placed = True
    if not is_placed and new is not None:
        if kept and not kept[-1].endswith("\n"):
            kept[-1] += "\n"
        kept.append(new.line() + "\n")
    return "".join(kept)


def _is_same(one: Mount, other: Mount) -> bool:
    return entry(one.line()) is not None and one.line().split() == other.line().split()
