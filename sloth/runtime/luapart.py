"""Lua on the host: one extension of lupa, taken from the cache or from the controller, checked by hash, loaded.

Which extension fits is told by this Python and its C library; lua_parts.py knows the hash of each, and it counts when
one arrives. In the cache a checksum behind it tells damage. An extension cannot be imported out of an archive; where
the home is mounted noexec (or there is no cache) it is loaded out of memory.

The prelude of the machine, compiled for it, is kept beside the bundle that it belongs to.
"""

import marshal
import os
import sys
from _frozen_importlib import ModuleSpec, module_from_spec  # what importlib.util has it from; see importing.py
from _frozen_importlib_external import ExtensionFileLoader
from types import ModuleType

from sloth.runtime.arrival import in_memory, store
from sloth.runtime.boot import Refused, seal, sealed
from sloth.runtime.failure import ActionFailed
from sloth.runtime.hashing import digest
from sloth.runtime.lua_parts import PARTS

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator, Sequence

    Receive = Callable[[str, "dict[str, object]"], "tuple[object, Iterator[bytes]]"]

_NAME = "lupa.lua54"


class LuaUnavailable(Exception):
    """This host can load no Lua extension, and why."""


def machine(cache: "str | None", receive: "Receive") -> "tuple[ModuleType, Sequence[bytes]]":
    """lupa's module lua54, and the prelude compiled for it, which takes longer than the rest of a machine.

    receive: asks the controller a question that a stream of bytes answers, as Host.receive does
    """
    module = load(cache, receive)
    return module, _prelude(cache, module)


def load(cache: "str | None", receive: "Receive") -> ModuleType:
    """The module alone."""
    if _NAME in sys.modules:
        return sys.modules[_NAME]
    tag = _tag()
    if tag not in PARTS:
        raise LuaUnavailable(f"there is no Lua extension for {tag}")
    sha = PARTS[tag][2]
    path = None if cache is None else os.path.join(cache, f"lua-{sha}.so")
    fd = None if path is None else sealed(path)
    if fd is not None:
        with os.fdopen(fd, "rb") as kept:
            return _import(kept.read, path)  # a loader does not mind the seal behind it
    data = _ask(receive, tag, sha)
    if path is not None and not store(path, data + seal(data)):
        path = None
    return _import(lambda: data, path)


def _prelude(cache: "str | None", module: ModuleType) -> "Sequence[bytes]":
    from sloth.runtime.lua.vm import compiled_prelude

    if cache is None:
        return compiled_prelude(module)
    stem, _, _ = str(sys.modules[__name__].__loader__.archive).rpartition(".")  # type: ignore[union-attr]  # ours
    if os.path.dirname(stem) != cache:
        return compiled_prelude(module)
    path = f"{stem}.{_tag()}.luac"
    fd = sealed(path)
    if fd is not None:
        with os.fdopen(fd, "rb") as kept:
            return marshal.load(kept)  # type: ignore[no-any-return]  # noqa: S302  # made below, and nobody else may write there
    compiled = compiled_prelude(module)
    body = marshal.dumps(compiled)
    store(path, body + seal(body))
    return compiled


def _ask(receive: "Receive", tag: str, sha: str) -> bytes:
    try:
        _, chunks = receive("lua", {"tag": tag})
    except ActionFailed as error:
        raise LuaUnavailable(error.message) from error
    data = b"".join(chunks)
    if digest(data).hex() != sha:
        raise LuaUnavailable(f"the Lua extension for {tag} arrived damaged")
    return data


def _import(content: "Callable[[], bytes]", path: "str | None") -> ModuleType:
    sys.modules.setdefault("lupa", _package())
    if path is not None:
        try:
            return _dlopen(path)
        except ImportError:
            pass  # a home mounted noexec; memory is not
    try:
        return _dlopen(in_memory(content()))
    except (ImportError, OSError, Refused) as error:
        raise LuaUnavailable(f"this host cannot load the Lua extension: {error}") from error


def _dlopen(path: str) -> ModuleType:
    spec = ModuleSpec(_NAME, ExtensionFileLoader(_NAME, path), origin=path)
    module = module_from_spec(spec)
    assert spec.loader is not None
    sys.modules[_NAME] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[_NAME]
        raise
    return module


def _package() -> ModuleType:
    """lupa's own __init__ would look for extensions of every Lua; ours holds the one."""
    package = ModuleType("lupa")
    package.__path__ = []  # what makes it a package
    return package


def _tag() -> str:
    """The key of PARTS for this interpreter; abi3 extensions serve every CPython from 3.9 on."""
    machine = os.uname().machine
    if sys.maxsize < 1 << 32:
        machine = {"x86_64": "i686", "i386": "i686", "i586": "i686", "aarch64": "armv7l"}.get(machine, machine)
    platform = f"{_libc()}_{machine}"
    abi = getattr(sys, "abiflags", "")
    python = "cp%d%d" % sys.version_info[:2] + abi.replace("m", "")
    if sys.implementation.name != "cpython":
        python = sys.implementation.name
    exact, stable = f"{python}-{platform}", f"abi3-{platform}"
    usable = sys.version_info >= (3, 9) and python.startswith("cp") and not abi
    return stable if exact not in PARTS and usable and stable in PARTS else exact


def _libc() -> str:
    try:
        if (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
            return "manylinux"
    except (ValueError, OSError):  # musl does not know the name
        pass
    return "musllinux"
