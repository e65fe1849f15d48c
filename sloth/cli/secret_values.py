"""Where the values of secrets come from: a prompt, standard input, a file, an editor. Never from argv."""

from __future__ import annotations

import fcntl
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sloth.cli import passwords
from sloth.cli.render.screen import is_terminal
from sloth.core import varsfile
from sloth.core.errors import SecretsError, UsageError
from sloth.core.sealed import opened
from sloth.secrets.keyring import Keyring
from sloth.secrets.vault import VALUE_LIMIT, Vault, check_name, check_value

_RANDOM_BYTES = 24
_PREFIX, _FILE = "sloth-edit-", "secret"
_MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs")


def read(name: str, file: Path | None) -> str:
    """A value: of a file as it is; typed; or from standard input, without the line end that `echo` puts there."""
    if file is not None:
        return _text(_bytes(file), str(file))
    if is_terminal(sys.stdin):
        return passwords.twice(f"value of {name}: ")
    text = _text(sys.stdin.buffer.read(VALUE_LIMIT * 4 + 1), "standard input")
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(VALUE_LIMIT * 4 + 1)
    except OSError as error:
        raise UsageError(f"cannot read the value: {str(error.strerror).lower()}", where=str(file)) from error


def _text(raw: bytes, where: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        hint = "encode what is no text, with `base64`"
        raise UsageError(f"byte {error.start} of the value is no UTF-8", where=where, hint=hint) from error


def of_file(file: Path, keyring: Keyring) -> dict[str, str]:
    """The values of a file of variables, each a text."""
    found = varsfile.read(file, keyring.open_file)
    values: dict[str, str] = {}
    for name, value in found.values.items():
        text = opened(value, keyring.open)
        if not isinstance(text, str):
            message = f"{name} is {varsfile.kind(text)}, and secrets are texts"
            hint = "" if isinstance(text, dict | list) else "quote the value"
            raise UsageError(message, where=found.where(name), hint=hint)
        try:
            check_name(name)
            check_value(name, text)
        except SecretsError as error:
            raise SecretsError(str(error), where=found.where(name), hint=error.hint) from error
        values[name] = text
    if not values:
        raise UsageError("there is nothing to import", where=str(file))
    return values


def random(names: Sequence[str], vault: Vault, to: str | None) -> dict[str, str]:
    """A new random value for each of these secrets, which are there already."""
    if to is not None:
        raise UsageError("--to is the passphrase of all secrets, so it goes without names")
    vault.check_there(names)
    return {name: secrets.token_urlsafe(_RANDOM_BYTES) for name in names}


def edited(text: str) -> str:
    """What a person makes of a text in an editor."""
    words = _editor(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with _file_in_memory(text) as path:
        try:
            done = subprocess.run([*words, str(path)], check=False)
        except OSError as error:
            hint = "$EDITOR names the editor"
            raise UsageError(f"cannot run {words[0]}: {str(error.strerror).lower()}", hint=hint) from error
        if done.returncode:
            raise UsageError(f"{words[0]} ended with {done.returncode}: the secret stays as it was")
        if not path.is_file() or path.is_symlink():
            raise UsageError(f"{words[0]} has removed the file that it was given: the secret stays as it was")
        after = _text(_bytes(path), "the edited value")
    # Editors end the last line; a value of one line had no end before.
    return after if text.endswith("\n") or after.count("\n") != 1 else after.removesuffix("\n")


def _editor(line: str) -> list[str]:
    try:
        return shlex.split(line) or ["vi"]
    except ValueError as error:
        raise UsageError(f"$EDITOR is {line!r}: {str(error).lower()}", hint="close the quote") from error


@contextmanager
def _file_in_memory(text: str) -> Iterator[Path]:
    """A file of our own in memory, gone at the end with all that an editor put beside it."""
    memory = _memory()
    _sweep(Path(memory))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=memory))
    held = _hold(folder)
    before = signal.signal(signal.SIGHUP, lambda number, _: sys.exit(128 + number))  # a terminal that is closed
    try:
        path = folder / _FILE
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        yield path
    finally:
        with suppress(FileNotFoundError):  # the editor was thorough
            shutil.rmtree(folder)
        signal.signal(signal.SIGHUP, before)
        if held is not None:
            os.close(held)


def _sweep(memory: Path) -> None:
    """Remove what a sloth of ours left there that was killed."""
    for folder in memory.glob(f"{_PREFIX}*"):
        held = _hold(folder) if (folder / _FILE).exists() else None  # if not, it has only just been made
        if held is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)


def _hold(folder: Path) -> int | None:
    """A descriptor that holds a folder of ours until the end of this process; None when another one does."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None  # somebody else's, or it is gone
    try:
        if os.fstat(descriptor).st_uid == os.getuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None


def _memory() -> str:
    """A directory that is never written to a disk."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    in_memory = {words[1] for words in mounts if words[2] in _MEMORY_FILE_SYSTEMS}
    for folder in (os.environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm", "/run/shm"):  # noqa: S108  # a folder of our own in it
        if folder in in_memory and os.access(folder, os.W_OK):
            return folder
    raise UsageError(
        "there is no directory in memory for the editor", hint="`sloth secrets get` and `set` go without a file"
    )
