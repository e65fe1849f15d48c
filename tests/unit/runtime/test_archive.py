"""Archives: the same bytes for the same files, readable by Python's import and by zipfile."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.util import module_from_spec
from pathlib import Path

import pytest

from sloth.runtime.archive import compiled, pack, unpack
from sloth.runtime.boot import opened
from sloth.runtime.importing import Importer

ROOT = Path(__file__).resolve().parents[3]

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


LOOK = (
    "import os, pkg.a; folder = os.path.dirname(pkg.__file__); "
    "data = pkg.__loader__.get_data(os.path.join(folder, 'data.txt')); "
    "print(pkg.a.VALUE, data == b'\\xc3\\xbc', pkg.__path__ == [folder], folder)"
)


def look(program: str) -> list[str]:
    command = [sys.executable, "-I", "-S", "-c", f"{program}; {LOOK}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("front", [b"", b"\1" * 32], ids=["bare", "behind a checksum"])
def test_python_imports_from_it(front, tmp_path):
    path = tmp_path / "archive"
    path.write_bytes(front + pack(FILES))
    assert look(f"import sys; sys.path.insert(0, {str(path)!r})") == ["42", "True", "True", f"{path}/pkg"]


def test_what_is_compiled_is_imported_from_memory(tmp_path):
    path = tmp_path / "compiled"
    path.write_bytes(compiled(pack(FILES)))
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from sloth.runtime.boot import opened; "
        f"from sloth.runtime.importing import Importer; data = open({str(path)!r}, 'rb').read(); "
        "sys.meta_path.insert(0, Importer('/cache/x', *opened(lambda first, last: data[first:last])))"
    )
    assert look(program) == ["42", "True", "True", "/cache/x/pkg"]


def taking(data: bytes) -> Callable[[int, int], bytes]:
    return lambda first, last: data[first:last]


def test_what_is_compiled_holds_no_sources():
    assert sorted(opened(taking(compiled(pack(FILES))))[0]) == ["pkg/__init__.pyc", "pkg/a.pyc", "pkg/data.txt"]


def test_a_source_that_this_python_does_not_understand_says_so_when_it_is_imported():
    importer = Importer("/x", *opened(taking(compiled(pack({"odd.py": b"def (:"})))))
    spec = importer.find_spec("odd")
    assert spec is not None
    with pytest.raises(SyntaxError, match=r"odd\.py, line 1"):
        importer.exec_module(module_from_spec(spec))
