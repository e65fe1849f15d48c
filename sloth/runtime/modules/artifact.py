"""Artifacts: files that a task leaves with the controller, for tasks of this and other hosts of the run.

A task's `artifacts` and `consumes` call these. What is kept is copied to a host by file_ops.copy, whose source then is
`artifact:` and the id that `find` gives.
"""

import glob
import os

from sloth.runtime.action import LEFT_OUT, action
from sloth.runtime.checksum import sha256_of
from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import CHUNK

MYPY = False
if MYPY:
    from collections.abc import Iterator

    from sloth.runtime.host import Host


@action(check=LEFT_OUT)
def keep(host: "Host", *, paths: "list[str]", task: str = "artifacts") -> "dict[str, object]":
    """Send files to the controller, which keeps them for the run; the host itself stays as it is.

    paths: files, directories (with all that is in them) or patterns, relative to the task's workdir; one that matches
        nothing gives a warning
    task: the name that others may ask for to get all of them

    example: artifact.keep { paths = { "dist/*.tar.gz", "build.log" } }
    """
    start = host.settings.workdir or os.getcwd()
    found = []  # type: list[str]
    for pattern in paths:
        matches = sorted(_files(os.path.join(start, pattern)))
        if not matches and not host.is_to_come(f"{pattern} matches no file in {start}"):
            host.warn(f"artifact.keep: {pattern} matches no file in {start}")
        found += [path for path in matches if path not in found]
    names = [os.path.relpath(path, start) if path.startswith(start + os.sep) else path.lstrip("/") for path in found]
    if not host.check:
        for path, name in zip(found, names):
            host.token.check()
            _send(host, path, name, task)
    return {"artifacts": names}


@action(query=True)
def find(host: "Host", *, names: "list[str] | None" = None) -> "list[dict[str, object]]":
    """Which artifacts the run has: id, name, task, host, path there, size.

    names: of artifacts (or patterns), or of tasks that left them; without it all

    example: for _, one in ipairs(artifact.find("*.tar.gz")) do print(one.name) end
    """
    answer = host.ask("artifacts", {"names": names})
    if not isinstance(answer, dict) or "artifacts" not in answer:
        raise ActionFailed("artifact.find: the controller's answer is not understood")
    found = answer["artifacts"]
    return [one for one in found if isinstance(one, dict)]


def _files(pattern: str) -> "Iterator[str]":
    for path in glob.glob(pattern, recursive=True):
        if os.path.isfile(path):
            yield os.path.normpath(path)
        for folder, _, files in os.walk(path):
            for name in files:
                yield os.path.normpath(os.path.join(folder, name))


def _send(host: "Host", path: str, name: str, task: str) -> None:
    with open(path, "rb") as stream:
        size, summed = 0, sha256_of(os.fstat(stream.fileno()).st_size)
        for chunk in _chunks(stream):
            summed.update(chunk)
            size += len(chunk)
        stream.seek(0)
        host.ask(
            "artifact",
            {
                "name": name,
                "path": path,
                "task": task,
                "size": size,
                "sha256": summed.hexdigest(),
                "mode": os.fstat(stream.fileno()).st_mode & 0o777,
                "stream": _chunks(stream),
            },
        )


def _chunks(stream: object) -> "Iterator[bytes]":
    while True:
        data = stream.read(CHUNK)  # type: ignore[attr-defined]  # a binary file
        if not data:
            return
        yield data
