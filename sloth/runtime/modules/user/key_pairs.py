"""SSH keys of a user's own."""

import os
import stat

from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.files import put, read
from sloth.runtime.host import last_words
from sloth.runtime.modules.user import keyfile, known
from sloth.runtime.place import Explained, Place, locate

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.host import Host
    from sloth.runtime.modules.user.known import Account


@action(synonyms={"user": ("name",), "kind": ("type",), "file": ("path",)})
def ssh_key(
    host: "Host",
    *,
    user: str,
    kind: "Literal['ed25519', 'rsa', 'ecdsa']" = "ed25519",
    bits: "int | None" = None,
    file: "str | None" = None,
    comment: "str | None" = None,
    force: bool = False
) -> "dict[str, object]":
    """Make sure that a user has a pair of SSH keys, without a passphrase; one that is there is left alone.

    user: whose keys they are; nothing in that home is reached through a symbolic link
    kind: ed25519, rsa or ecdsa
    bits: how long an rsa or ecdsa key is
    file: the name of the private key in ~/.ssh; id_ and the kind when not given
    comment: what the public key ends with; user@host when not given
    force: make a new pair in place of the one that is there

    example: log.info(user.ssh_key { user = "deploy", comment = "deploy@web" }.public_key)
    """
    name = file or f"id_{kind}"
    if "/" in name or name in {"", ".", ".."}:
        raise BadArguments(f"user.ssh_key: file is a name in ~/.ssh, got {name!r}")
    if known.is_to_come(host, user):
        host.effect(f"make an SSH key of {user}", lambda: None)
        return {}
    account = known.get(user)
    words = ["-t", kind, *(["-b", str(bits)] if bits else []), "-C", comment or f"{user}@{os.uname().nodename}"]
    with Explained("reach", account.home), locate(account.home, follow=True) as home, home.inside(b".ssh") as folder:
        if keyfile.own(folder, stat.S_ISDIR, "a directory") is None:
            keyfile.make_folder(host, folder, account)
            if host.check:
                host.effect(f"make the SSH key {account.home}/.ssh/{name}", lambda: None)
                return {}
        return _pair(host, account, folder, name, words, force=force)


def _pair(
    host: "Host", account: "Account", folder: Place, name: str, words: "list[str]", *, force: bool
) -> "dict[str, object]":
    with folder.inside(os.fsencode(name)) as private, folder.inside(os.fsencode(name + ".pub")) as public:
        there = [keyfile.own(place, stat.S_ISREG, "a file") for place in (private, public)]
        if there[0] is None and there[1] is not None and not force:
            raise ActionFailed(f"{public.path} is there without its private key; force = true makes a new pair")
        if there[0] is None or force:
            host.effect(f"make the SSH key {private.path}", lambda: _make(host, account, private, public, words))
        content = read(host, public)
    return {"path": private.path, "public_key": (content or b"").decode("utf-8", "replace").strip()}


def _make(host: "Host", account: "Account", private: Place, public: Place, words: "list[str]") -> None:
    """ssh-keygen works in a directory that is ours alone; the user's is written to as any other file is."""
    folder = f"/tmp/.sloth-{os.urandom(8).hex()}"  # noqa: S108 - a new directory of mode 0700
    os.mkdir(folder, 0o700)
    noted = len(host.changes)
    try:
        done = host.run("ssh-keygen", "-q", "-N", "", *words, "-f", f"{folder}/key")
        if not done.ok:
            raise ActionFailed(f"ssh-keygen: {last_words(done)}", exit_code=done.code)
        for place, source, mode in ((private, "key", "0600"), (public, "key.pub", "0644")):
            with open(f"{folder}/{source}", "rb") as made:
                put(host, place, [made.read()], Wanted(mode, account.uid, account.gid))
    finally:
        for source in os.listdir(folder):
            os.unlink(f"{folder}/{source}")
        os.rmdir(folder)
        del host.changes[noted:]  # parts of the making, no changes of their own
