"""The store of secrets and what opens it, put together for a command: where it lies, who works with it, and how.

Nothing is asked or read before the first secret is.
"""

from __future__ import annotations

import os
import pwd
import socket
from datetime import UTC, datetime

from sloth.engine import here
from sloth.engine.masking import Mask
from sloth.engine.request import Unlocking
from sloth.secrets.keyring import Keyring
from sloth.secrets.passphrase import Passphrases, parse
from sloth.secrets.vault import Author, Vault


class Unlocked:
    """The vault of one environment, what opens sealed values, and the mask that knows each from then on.

    by: who wants secrets, for the audit trail
    """

    def __init__(self, asked: Unlocking, by: str) -> None:
        self.passphrases = Passphrases([parse(word) for word in asked.sources], asked.prompt, os.environ)
        self.vault = Vault(here.places().home / "secrets", asked.environment, self.passphrases, Author(_who(), _now))
        self.mask = Mask()
        self.keyring = Keyring(self.vault, self.passphrases, self.mask.add, by)


def _who() -> str:
    """The account that we run as, and behind sudo who called it: neither is read off a variable that anybody sets."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    caller = os.environ.get("SUDO_USER", "") if uid == 0 else ""
    return f"{name}@{socket.gethostname()}" + (f" (sudo of {caller})" if caller else "")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
