"""The bundle: its bytes depend on the sources alone."""

from __future__ import annotations

import subprocess
import sys
import zlib
from functools import partial

from sloth.runtime.archive import unpack
from sloth.runtime.catalog import module_names
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
