"""Archives: the same bytes for the same files, readable by Python's import and by zipfile."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile

import pytest

from sloth.runtime.archive import compiled, pack, unpack

FILES = {"pkg/__init__.py": b"", "pkg/a.py": b"VALUE = 42\n", "pkg/data.txt": "ü".encode()}


def test_the_order_of_files_does_not_matter():
    assert pack(FILES) == pack(dict(reversed(FILES.items())))


def test_what_is_packed_comes_out():
    assert unpack(pack(FILES)) == FILES
    with zipfile.ZipFile(io.BytesIO(pack(FILES))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES


@pytest.mark.parametrize("data", [b"", b"x" * 100, pack(FILES)[:-30]], ids=["empty", "garbage", "truncated"])
def test_what_is_no_archive_is_refused(data):
    with pytest.raises(ValueError, match="no archive of ours"):
        unpack(data)


@pytest.mark.parametrize("front", [b"", b"\1" * 32], ids=["bare", "behind a checksum"])
@pytest.mark.parametrize("make", [lambda data: data, compiled], ids=["sources", "compiled"])
def test_python_imports_from_it(make, front, tmp_path):
    path = tmp_path / "archive"
    path.write_bytes(front + make(pack(FILES)))
    program = (
        f"import sys; sys.path.insert(0, {str(path)!r}); import pkg.a; "
        "data = pkg.__loader__.get_data('pkg/data.txt'); print(pkg.a.VALUE, data == b'\\xc3\\xbc')"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["42", "True"]


def test_compiled_archives_hold_no_sources():
    assert sorted(unpack(compiled(pack(FILES)))) == ["pkg/__init__.pyc", "pkg/a.pyc", "pkg/data.txt"]
