"""Archives that Python can import from: zip files without compression, the same bytes for the same content; and the
compiled form that a host makes of one for its own Python.

Written by hand because zipfile is missing on hosts with python3-minimal (it needs shutil), costs 10 ms where it is
not, and stores dates. zlib's output differs between versions, hence none of it: whoever sends an archive compresses the
whole.
"""

import marshal
import struct
import zlib

from sloth.runtime.boot import SIZE

MYPY = False
if MYPY:
    from collections.abc import Mapping
    from types import CodeType

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_DATE = 0x21  # 1980-01-01, the first day that a zip file knows
_LIMIT = 0xFFFF


def pack(files: "Mapping[str, bytes]") -> bytes:
    """An archive of the files, in the order of their names."""
    body, directory = [], []  # type: list[bytes], list[bytes]
    offset = 0
    for name in sorted(files):
        data, raw = files[name], name.encode("ascii")
        crc = zlib.crc32(data) & 0xFFFFFFFF
        local = _LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, _DATE, crc, len(data), len(data), len(raw), 0) + raw + data
        directory.append(
            _CENTRAL.pack(b"PK\1\2", 20, 20, 0, 0, 0, _DATE, crc, len(data), len(data), len(raw), 0, 0, 0, 0, 0, offset)
            + raw
        )
        body.append(local)
        offset += len(local)
    index = b"".join(directory)
    return b"".join(body) + index + _END.pack(b"PK\5\6", 0, 0, len(files), len(files), len(index), offset, 0)


def unpack(archive: bytes) -> "dict[str, bytes]":
    """The files of what `pack` made. ValueError for anything else."""
    files = {}
    try:
        mark, _, _, count, _, _, place, _ = _END.unpack(archive[-_END.size :])
        if mark != b"PK\5\6" or count == _LIMIT:
            raise ValueError("no archive of ours")
        for _ in range(count):
            fields = _CENTRAL.unpack_from(archive, place)
            size, length, offset = fields[9], fields[10], fields[16]
            name = archive[place + _CENTRAL.size : place + _CENTRAL.size + length]
            first = offset + _LOCAL.size + length
            files[name.decode("ascii")] = archive[first : first + size]
            place += _CENTRAL.size + length
    except struct.error as error:
        raise ValueError("no archive of ours") from error
    return files


def compiled(archive: bytes) -> bytes:
    """The files of an archive with code for the Python that runs now in the place of sources: boot.py opens it.

    A source that this Python does not understand says so when it is imported, and nothing else suffers.
    """
    index, contents, place = {}, [], 0
    for name, data in unpack(archive).items():
        is_source = name.endswith(".py")
        content = marshal.dumps(_code(name, data)) if is_source else data
        index[name + "c" if is_source else name] = place, place + len(content)
        contents.append(content)
        place += len(content)
    head = marshal.dumps(index)
    return len(head).to_bytes(SIZE, "big") + head + b"".join(contents)


def _code(name: str, source: bytes) -> "CodeType":
    try:
        return compile(source, name, "exec", dont_inherit=True, optimize=2)  # docstrings are for the controller
    except SyntaxError as error:
        text = f"raise SyntaxError({str(error)!r})"
        return compile(text, name, "exec", dont_inherit=True)
