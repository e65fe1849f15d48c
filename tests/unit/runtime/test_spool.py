"""What a host remembers of a run that its controller may not have written down."""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.job import Job
from sloth.runtime.linefile import LineFile, encoded
from sloth.runtime.spool import KEPT, Spool


def finished(task, status="changed", **more):
    return {"type": "task_finished", "task": task, "status": status, **more}


def job(**more):
    steps = [{"name": name} for name in ("a", "b", "c")]
    return Job({"run": "1f", "host": "h", "workflow": "w", "entry": "w.sloth", "steps": steps, **more})


def spool(folder, run="1f") -> Spool:
    made = Spool.of(str(folder), run, "h")
    assert made is not None
    return made


def events(one):
    return [event for _, event in one.file.entries()]


def test_a_torn_last_line_is_cut_off_before_anything_is_added(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(encoded({"n": 1}) + b'{"n": 2, "te')
    file = LineFile(str(path))
    file.open()
    assert file.hold()
    file.write(encoded({"n": 3}))
    assert [entry for _, entry in file.entries()] == [{"n": 1}, {"n": 3}]


def test_a_torn_line_longer_than_one_look_is_cut_off_too(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(encoded({"n": 1}) + b"x" * 200_000)
    file = LineFile(str(path))
    file.open()
    file.hold()
    assert path.read_bytes() == encoded({"n": 1})


def test_only_one_process_holds_a_file_and_others_see_it(tmp_path):
    one, other = spool(tmp_path), spool(tmp_path)
    assert one.begin() and one.file.is_held()
    assert not other.begin()
    one.file.close()
    other.file.close()
    assert not one.file.is_held()


def test_what_is_added_is_there_for_the_next_life(tmp_path):
    assert spool(tmp_path).add(finished("a"))
    assert events(spool(tmp_path)) == [finished("a")]
    spool(tmp_path).forget()
    assert events(spool(tmp_path)) == []


def test_of_many_forgotten_runs_the_last_ones_stay(tmp_path):
    for number in range(KEPT + 5):
        one = spool(tmp_path, f"{number:x}")
        one.add(finished("a"))
        one.file.close()
    assert len(list((tmp_path / "runs").iterdir())) == KEPT + 1


def test_without_a_cache_nothing_is_remembered():
    assert Spool.of(None, "1f", "h") is None


def test_an_id_that_is_a_path_is_refused(tmp_path):
    with pytest.raises(ActionFailed):
        Spool.of(str(tmp_path), "../x", "h")


def test_what_the_host_did_counts_and_only_the_news_are_told():
    one = job(done={"a": finished("a")}, recall=True)
    assert one.take_up([finished("a"), finished("b")]) == [finished("b")]
    assert one.done.keys() == {"a", "b"}


@pytest.mark.parametrize(
    "event",
    [finished("a", "failed", blocks=True), finished("a", "cancelled"), finished("z"), {"type": "log", "task": "a"}],
    ids=["failed", "cancelled", "not of the job", "no end"],
)
def test_what_does_not_count_as_done_is_done_again(event):
    one = job()
    assert one.take_up([event]) == []
    assert not one.done


def test_handlers_that_were_notified_and_have_not_run_are_due():
    one = job(pending=["old"], handlers=["h", "g", "old"])
    one.take_up(
        [
            finished("a", notified=["h"]),
            finished("h", handler=True),
            finished("b", notified=["g"]),
            finished("old", handler=True),
        ]
    )
    assert one.pending == ["g"]


def test_a_handler_that_the_controller_knows_of_is_not_told_again():
    one = job(done_handlers=["h"], pending=["h"])
    assert one.take_up([finished("a", notified=["h"]), finished("h", handler=True)]) == [finished("a", notified=["h"])]
    assert one.pending == []
