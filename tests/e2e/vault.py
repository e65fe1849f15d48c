"""Files that Ansible itself encrypts, with the ansible-core beside the tests' own Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ANSIBLE_VAULT = Path(sys.executable).parent / "ansible-vault"


def encrypt(path: Path, passphrase_file: Path) -> None:
    """The file, in place."""
    subprocess.run(
        [ANSIBLE_VAULT, "encrypt", "--vault-password-file", passphrase_file, path], check=True, capture_output=True
    )
