"""Actions for files that come from elsewhere or go elsewhere: download (of file_ops and http), fetch (of file_ops)."""

import os

from sloth.runtime import attributes, files
from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed
from sloth.runtime.place import Explained, locate, raw

MYPY = False
if MYPY:
    from sloth.runtime.action import Mode
    from sloth.runtime.host import Host


@action(synonyms={"dest": ("path",)})
def download(
    host: "Host",
    *,
    url: str,
    dest: str,
    checksum: "str | None" = None,
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    force: bool = False,
    headers: "dict[str, str] | None" = None,
    user: "str | None" = None,
    password: "str | None" = None,
    verify: bool = True
) -> "dict[str, object]":
    """Have a file from an address.

    A file that has the checksum is there already; without one any file at `dest` is, unless `force`.

    url: the address
    dest: where it goes; a directory takes it under the last part of the address
    checksum: `sha256:` and the sum, or the sum alone (md5, sha1, sha256, sha512 are told by their lengths)
    mode: "0644" or "u=rw,g=r"; without it an existing file keeps its own
    owner: the user to own it
    group: the group to own it
    force: fetch it each time, and compare
    headers: further headers
    user: a login, for Basic authentication
    password: its password
    verify: whether the certificate has to be good

    example: file_ops.download { url = "https://example.org/app.conf", dest = "/etc/app.conf", force = true }
    example: http.download { url = "https://example.org/app.tar.gz", dest = "/opt/", checksum = vars.app_sha256 }
    """
    from sloth.runtime import downloading, web  # the library of HTTP costs 30 ms, which file_ops shall not

    asked = web.Request("GET", url, headers=headers, login=web.login(user, password), verify=verify)
    want = attributes.wanted(host, mode, owner, group)
    return downloading.download(host, asked, dest, checksum, want, force=force)


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
