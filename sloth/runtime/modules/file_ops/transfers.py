"""Files that come from an address, or go to the controller."""

import os

from sloth.runtime import files
from sloth.runtime.action import action
from sloth.runtime.download_action import download as download  # noqa: PLC0414  # an action of http, too
from sloth.runtime.failure import ActionFailed
from sloth.runtime.place import Explained, locate, raw

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(synonyms={"src": ("path", "source"), "dest": ("name",)})
def fetch(
    host: "Host", *, src: str, dest: "str | None" = None, fail_on_missing: bool = True
) -> "dict[str, object]":
    """Bring a file of the host to the controller: into the folder `fetched/HOST/` beside the workflow.

    src: the file on the host
    dest: its name there, which may have folders in it; without it the path that it has on the host
    fail_on_missing: false means that a file that is not there is no failure

    example: file_ops.fetch { src = "/etc/ssh/ssh_host_ed25519_key.pub" }
    example: local kept = file_ops.fetch("/var/log/app.log", "app.log").dest
    """
    whole = files.absolute(host, src)
    if not os.path.isfile(raw(whole)):
        if os.path.lexists(raw(whole)) or (fail_on_missing and not host.is_to_come(f"{src} does not exist")):
            raise ActionFailed(f"cannot fetch {src}: it is no file; file_ops.archive makes one of a directory")
        return {"message": f"{src} does not exist"}
    with Explained("read", whole), locate(whole, follow=True) as place:
        said = {"name": (dest or whole).lstrip("/"), "sha256": files.digest(host, place)}  # type: dict[str, object]
        answer = host.ask("fetched", said)
        if not isinstance(answer, dict) or not isinstance(answer.get("path"), str):
            raise ActionFailed("file_ops.fetch: the controller's answer is not understood")
        if answer.get("same") is not True:
            content = files.chunks_of(host, files.open_file(place))
            host.effect(f"fetch {whole}", lambda: host.ask("fetch", dict(said, stream=content)))
    return {"dest": answer["path"], "checksum": said["sha256"]}
