"""The file of a kept plan, as others may have changed it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sloth.core.errors import UsageError
from sloth.engine.keptplan import FORMAT, read

ASKED = {
    "file": "site.sloth", "inventory": ["hosts.yml", "web1,"], "values": [], "extra": ["@more.yml"], "limit": None,
    "workflow": None, "tags": ["web"], "skip_tags": [], "start_at": None,
}  # fmt: skip
PLAN = {
    "sloth_plan": FORMAT, "made": {"sloth": "1", "at": "today"}, "asked": ASKED, "workflows": {"w": {"h1": ["a"]}},
    "salt": "00", "fingerprints": {"source site.sloth": {"": "1f"}},
}  # fmt: skip


def test_paths_are_as_from_here(tmp_path: Path):
    (tmp_path / "monday.plan").write_text(json.dumps(PLAN))
    asked = read(tmp_path / "monday.plan").asked
    assert asked.inventory == (f"{tmp_path}/hosts.yml", "web1,")
    assert (asked.file, asked.extra) == (f"{tmp_path}/site.sloth", (f"@{tmp_path}/more.yml",))


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"made": None}, id="made by nobody"),
        pytest.param({"asked": {**ASKED, "file": ["x"]}}, id="a file that is a list"),
        pytest.param({"asked": {**ASKED, "tags": 1}}, id="tags that are a number"),
        pytest.param({"asked": {}}, id="nothing asked"),
        pytest.param({"salt": 7}, id="a salt that is a number"),
        pytest.param({"fingerprints": {"a": "b"}}, id="fingerprints of nobody"),
        pytest.param({"sloth_plan": "1"}, id="a form that is a text"),
    ],
)
def test_a_file_that_is_no_plan_is_said_to_be_none(odd, tmp_path: Path):
    (tmp_path / "monday.plan").write_text(json.dumps({**PLAN, **odd}))
    with pytest.raises(UsageError, match="is neither a workflow file nor a plan"):
        read(tmp_path / "monday.plan")


def test_a_plan_of_another_form_is_named(tmp_path: Path):
    (tmp_path / "monday.plan").write_text('{"sloth_plan": 99, "new": "things"}')
    with pytest.raises(UsageError, match=f"a plan of form 99, and this sloth reads form {FORMAT}"):
        read(tmp_path / "monday.plan")
