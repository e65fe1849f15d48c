"""The Lua extensions that hosts ask for: ours, if it fits, or the one in lupa's wheel for their Python.

Which wheels there are, and the hash of each, is fixed in runtime/lua_parts.py; nothing else is asked for or sent.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from sloth.core.errors import NoLua
from sloth.runtime.frames import CHUNK
from sloth.runtime.lua_parts import PARTS
from sloth.runtime.wire import Streamed

PIP_PATIENCE = 180
OLD_HINT = "use another Python on the host (sloth_python), one that `sloth bundle list` names"


class LuaParts:
    """The extensions of one controller.

    directory: where those out of wheels are kept. wheelhouse: a directory of wheels to take in the place of an index.
    """

    def __init__(self, directory: Path, wheelhouse: Path | None = None) -> None:
        self.directory = directory
        self.wheelhouse = wheelhouse
        self._lock = threading.Lock()

    def answer(self, args: dict[str, object]) -> Streamed:
        """The verb `lua` of a runtime: {"tag"} → {"sha256"} and the extension behind it."""
        tag = str(args.get("tag"))
        data = self.extension(tag)
        return Streamed({"sha256": PARTS[tag][2]}, (data[at : at + CHUNK] for at in range(0, len(data), CHUNK)))

    def extension(self, tag: str) -> bytes:
        """The extension for a tag (Python and platform). NoLua when it cannot be had."""
        if tag not in PARTS:
            raise NoLua(f"there is no Lua extension for {tag}", hint=OLD_HINT)
        with self._lock:
            return self._kept(tag) or self._from_wheel(tag)

    def ready(self) -> list[str]:
        """The tags that can be served without a wheel being fetched."""
        return [tag for tag in PARTS if self._kept(tag)]

    def _kept(self, tag: str) -> bytes | None:
        sha = PARTS[tag][2]
        for path in [self.directory / f"{sha}.so", *_own()]:
            try:
                data = path.read_bytes()
            except OSError:
                continue
            if hashlib.sha256(data).hexdigest() == sha:
                return data
        return None

    def _from_wheel(self, tag: str) -> bytes:
        import zipfile

        name, sha, part = PARTS[tag]
        wheel = self._wheel(tag, name)
        if hashlib.sha256(wheel).hexdigest() != sha:
            raise NoLua(f"{name} is not the wheel that sloth knows: another sha256", hint="does the index mirror PyPI?")
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            inner = [entry for entry in archive.namelist() if entry.startswith("lupa/lua54.") and entry.endswith(".so")]
            data = archive.read(inner[0])
        if hashlib.sha256(data).hexdigest() != part:
            raise NoLua(f"{name} holds another extension than sloth knows")
        self._keep(data, part)
        return data

    def _keep(self, data: bytes, sha: str) -> None:
        new = self.directory / f"{sha}.{os.getpid()}.new"
        try:
            new.write_bytes(data)
            new.replace(self.directory / f"{sha}.so")
        except OSError:
            new.unlink(missing_ok=True)  # a full disk: the next run fetches it again

    def _wheel(self, tag: str, name: str) -> bytes:
        if self.wheelhouse is not None and (self.wheelhouse / name).is_file():
            return (self.wheelhouse / name).read_bytes()
        with tempfile.TemporaryDirectory() as scratch:
            try:
                done = subprocess.run(
                    pip_command(name, scratch, self.wheelhouse), capture_output=True, timeout=PIP_PATIENCE, check=False
                )
            except subprocess.TimeoutExpired as error:
                raise NoLua(f"no Lua extension for {tag} came within {PIP_PATIENCE} s", hint=_HINT) from error
            found = list(Path(scratch).glob("*.whl"))
            if done.returncode or not found:
                lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["pip gave no wheel"]
                raise NoLua(f"the Lua extension for {tag} cannot be had: {lines[-1]}", hint=_HINT)
            return found[0].read_bytes()


_HINT = "`sloth bundle build` fetches them ahead; without an index set bundle.wheelhouse to a directory of wheels"


def pip_command(wheel: str, target: str, wheelhouse: Path | None) -> list[str]:
    """What fetches exactly this wheel, whatever the controller itself is."""
    name, version, python, abi, platforms = wheel.removesuffix(".whl").split("-")
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += [f"--platform={platform}" for platform in platforms.split(".")]
    command += [f"--python-version={python[2]}.{python[3:]}", f"--abi={abi}", "--implementation=cp"]
    command += ["--no-index", f"--find-links={wheelhouse}"] if wheelhouse is not None else []
    return [*command, f"--dest={target}", f"{name}=={version}"]


def _own() -> Iterator[Path]:
    """The extension of the lupa that we run with, which fits hosts that are as we are."""
    spec = find_spec("lupa")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        yield from Path(folder).glob("lua54.*.so")
