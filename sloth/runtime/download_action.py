"""The action `download`, which file_ops and http share: what it takes. How it is done is in downloading.py."""

from sloth.runtime import attributes
from sloth.runtime.action import action

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
    example: net.download("https://example.org/app.tgz", "/opt/app.tgz")
    """
    from sloth.runtime import downloading, web  # the library of HTTP costs 30 ms, which to know this action shall not

    asked = web.Request("GET", url, headers=headers, login=web.login(user, password), verify=verify)
    want = attributes.wanted(host, mode, owner, group)
    return downloading.download(host, asked, dest, checksum, want, force=force)
