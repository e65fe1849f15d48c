"""Which SSH keys may log in as a user."""

from sloth.runtime.action import action
from sloth.runtime.failure import BadArguments
from sloth.runtime.modules.user import authorized_keys, keyfile, known

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.host import Host


@action(synonyms={"user": ("name", "username")}, diff=True)
def authorized_key(
    host: "Host",
    *,
    user: str,
    key: "list[str] | None" = None,
    state: "Literal['present', 'absent']" = "present",
    exclusive: bool = False,
    options: "str | list[str] | None" = None
) -> "dict[str, object]":
    """Make sure that SSH keys may log in as a user, or may not. Comments and other lines of the file stay.

    user: whose authorized_keys it is
    key: public keys, each a line as in a .pub file; several lines of text count as several
    state: present adds what is missing, absent takes out
    exclusive: no other key stays
    options: what stands before each key, such as "no-pty" or { "no-pty", 'from="10.0.0.*"' }; "" for nothing

    example: user.authorized_key { user = "deploy", key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB... me@laptop" }
    """

    given = ",".join(options) if isinstance(options, list) else options
    keys = authorized_keys.parse_wanted(key or [], given)
    if not keys and not exclusive:
        raise BadArguments("user.authorized_key needs a key")
    if exclusive and state == "absent":
        raise BadArguments('exclusive goes with state = "present" only')

    def change(text: str) -> str:
        if state == "absent":
            return authorized_keys.without(text, keys)
        return authorized_keys.merge(text, keys, keep_options=given is None, exclusive=exclusive)

    if known.is_to_come(host, user):
        if state == "present":
            host.effect(f"write the authorized keys of {user}", lambda: None)
        return {}
    return {"path": keyfile.edit(host, known.get(user), change)}
