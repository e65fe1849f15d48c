"""Package files from an address: fetched into a directory of ours, which is gone when they are installed."""

import os
from contextlib import contextmanager

MYPY = False
if MYPY:
    from collections.abc import Iterator

    from sloth.runtime.host import Host


@contextmanager
def fetched(host: "Host", url: str, checksum: "str | None") -> "Iterator[str]":
    """The path of the file, for as long as it is needed. What is done with it is told with the address."""
    from sloth.runtime import downloading, web  # the library of HTTP costs 30 ms
    from sloth.runtime.attributes import Wanted

    folder = f"/var/tmp/.sloth-{os.urandom(8).hex()}"  # noqa: S108 - a new directory, which nobody else can write in
    os.mkdir(folder, 0o755)
    noted = len(host.changes)
    try:
        made = downloading.download(host, web.Request("GET", url), folder + "/", checksum, Wanted("0644"))
        del host.changes[noted:]  # a part of the installing
        yield str(made["dest"])
        host.changes[noted:] = [note.replace(str(made["dest"]), url) for note in host.changes[noted:]]
    finally:
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)
