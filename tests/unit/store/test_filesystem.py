"""Where the store lies decides how SQLite keeps it whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.store import SqliteDatabase
from sloth.store.filesystem import journal_mode

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /home rw,relatime shared:2 - nfs4 server:/home rw
31 30 254:1 / /home/ada/local\\040disk rw - xfs /dev/vdb rw
32 22 0:41 / /mnt rw - ext4 /dev/vdc rw
33 32 0:42 / /mnt rw - fuse.sshfs host:/ rw
"""


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("/var/store.db", "wal"),
        ("/home/ada/store.db", "delete"),
        ("/home/ada/local disk/store.db", "wal"),
        ("/homeland/store.db", "wal"),
        ("/mnt/store.db", "delete"),
    ],
)
def test_between_machines_there_is_no_wal(tmp_path: Path, path: str, mode: str):
    (tmp_path / "mounts").write_text(MOUNTS)
    assert journal_mode(Path(path), tmp_path / "mounts") == mode


def test_without_a_list_of_mounts_the_disk_is_ours(tmp_path: Path):
    assert journal_mode(tmp_path, tmp_path / "nowhere") == "wal"


def test_a_store_that_moved_to_another_disk_goes_on_there(tmp_path: Path):
    modes = iter(("wal", "delete", "wal"))
    database = SqliteDatabase(tmp_path / "store.db", journal=lambda _: next(modes))
    for mode in ("wal", "delete", "wal"):
        database.write(lambda transaction: transaction.execute("UPDATE lease_token SET token = token + 1"))
        assert database.read("PRAGMA journal_mode") == [(mode,)]
        database.close()
    assert SqliteDatabase(tmp_path / "store.db").read("SELECT token FROM lease_token") == [(3,)]
