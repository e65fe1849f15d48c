"""The bundle: its bytes depend on the sources alone."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from functools import partial

import pytest

from sloth.runtime.archive import unpack
from sloth.runtime.catalog import module_names
from sloth.transport import warm_start
from sloth.transport.bundle import KEEP, Bundle, contents, kept, prune


def test_the_same_sources_make_the_same_bytes_in_every_process(tmp_path):
    program = "import sys, pathlib, sloth.transport.bundle as b; print(b.Bundle.build(pathlib.Path(sys.argv[1]), {}).sha)"
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == Bundle.build(tmp_path, {}).sha


def test_it_holds_the_runtime_and_nothing_of_the_controller(tmp_path):
    names = set(contents({}))
    assert {"sloth/__init__.py", "sloth/runtime/main.py", "sloth/runtime/start.txt"} <= names
    assert all(name == "sloth/__init__.py" or name.startswith("sloth/runtime/") for name in names)
    assert not any("__pycache__" in name for name in names)


def test_the_index_names_the_modules(tmp_path):
    listed = contents({"greet": ""})["sloth/runtime/modules/index.txt"].decode().split()
    assert listed == sorted([*module_names(), "greet"])


def test_the_packed_form_is_kept_and_a_damaged_one_made_again(tmp_path):
    bundle = Bundle(lambda: {"a.py": b"A = 1\n"}, tmp_path)
    packed = bundle.packed()
    assert unpack(zlib.decompress(packed)) == {"a.py": b"A = 1\n"}
    assert bundle.path.read_bytes() == packed
    bundle.path.write_bytes(b"damaged")
    assert Bundle(lambda: {"a.py": b"A = 1\n"}, tmp_path).packed() == packed
    assert bundle.path.read_bytes() == packed


def test_the_last_ones_stay(tmp_path):
    for number in range(5):
        Bundle(partial(dict, {"a.py": b"%d" % number}), tmp_path).packed()
    assert len(kept(tmp_path)) == KEEP
    (tmp_path / "half.1.new").touch()
    gone = prune(tmp_path, keep=1)
    assert len(gone) == KEEP - 1
    assert [path.stem for path in tmp_path.iterdir()] == [kept(tmp_path)[0].sha]


def marked(tmp_path, mark, source=b"A = 1\n"):
    """A bundle of one source, whose mark is given."""

    def contents_of_it():
        assert source, "the sources were read"
        return {"a.py": source}

    return Bundle(contents_of_it, tmp_path, lambda: mark)


def test_what_starts_a_run_is_kept_until_a_source_changes(tmp_path):
    first = marked(tmp_path, "one").warm_start
    assert marked(tmp_path, "one", b"").warm_start == first
    other = marked(tmp_path, "two", b"A = 2\n").warm_start
    assert (other.sha, other.program) != (first.sha, first.program)
    assert marked(tmp_path, "one", b"").warm_start == first


@pytest.mark.parametrize("damage", [b"", b"{}", b"\0\0\0\0{}", b"garbage" * 9], ids=["empty", "no seal", "no fields", "garbage"])
def test_what_is_kept_damaged_is_made_again(tmp_path, damage):
    first = marked(tmp_path, "one").warm_start
    [path] = tmp_path.glob("*.start")
    whole = path.read_bytes()
    for body in (damage, whole[:-1], whole[:20] + b"!" + whole[21:]):
        path.write_bytes(body)
        assert marked(tmp_path, "one").warm_start == first
        assert path.read_bytes() == whole


def test_where_sources_are_no_files_nothing_is_kept(tmp_path):
    assert marked(tmp_path, None).warm_start == marked(tmp_path / "no" / "place", "one").warm_start
    assert not list(tmp_path.glob("*.start"))


def test_every_change_of_a_source_changes_the_mark(tmp_path):
    sources = tmp_path / "runtime"
    (sources / "modules").mkdir(parents=True)
    (sources / "__init__.py").touch()
    inner = sources / "modules" / "file.py"
    inner.write_text("A = 1\n")
    marks = [warm_start.mark({}, sources), warm_start.mark({"own": "B = 1\n"}, sources), warm_start.mark({"own": "B = 2\n"}, sources)]
    stat = inner.stat()
    inner.write_text("A = 2\n")
    os.utime(inner, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # a package whose files all have one time
    marks.append(warm_start.mark({}, sources))
    (sources / "more.lua").touch()
    marks.append(warm_start.mark({}, sources))
    (sources / "__pycache__").mkdir()
    (sources / "__pycache__" / "more.py").touch()
    assert len(set(marks)) == len(marks)
    assert warm_start.mark({}, sources) == marks[-1]
    inner.parent.rename(sources.parent / "away")
    assert warm_start.mark({}, sources) not in marks


def test_of_starts_the_last_ones_stay_too(tmp_path):
    for number in range(5):
        assert marked(tmp_path, f"{number}").warm_start
    prune(tmp_path)
    assert len(list(tmp_path.glob("*.start"))) == KEEP
