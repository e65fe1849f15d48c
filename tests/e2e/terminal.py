"""A terminal with a person at it, who answers what they are asked."""

from __future__ import annotations

import os
import pty
import select
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

PATIENCE = 30


def typed(
    words: Sequence[str | Path], answers: Iterable[tuple[str, str]], cwd: Path, environ: Mapping[str, str]
) -> tuple[int, str]:
    """Run a program; answers: (what it asks, what is typed then), in order. Returns exit code and all it showed."""
    process, terminal = pty.fork()  # and not openpty: passwords are read from /dev/tty
    if process == 0:
        os.chdir(cwd)
        os.execvpe(words[0], [*map(str, words)], environ)
    waiting, shown, seen = list(answers), "", 0
    while select.select([terminal], [], [], PATIENCE)[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # Linux: nobody holds the other end any more
            break
        shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
        if waiting and waiting[0][0] in shown[seen:]:
            seen = len(shown)
            os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert not waiting, f"never asked for {waiting[0][0]!r}: {shown}"
    return code, shown
