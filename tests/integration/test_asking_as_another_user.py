"""What actions ask of the controller they may ask as another user too: files, trees, events, conversions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.applying import DEPLOY, ROOT, Remote, on_each_release, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

TASKS = """
local function as_deploy(name, body) return task(name):become("deploy"):command(body):build() end
workflow.define("w"):tasks({
  as_deploy("sync", function() file_ops.sync { src = "site/", dest = "/home/deploy/site", delete = true } end),
  as_deploy("fetch", function() file_ops.fetch { src = "/etc/hostname", dest = "name" } end),
  as_deploy("convert", function() return data.parse_yaml("a: [1, 2]").a[2] == 2 end),
  as_deploy("event", function() event.dispatch("deployed", { version = "1" }) end),
})
"""


@pytest.fixture
def site(lab: Lab, lab_hosts: list[Host], tmp_path) -> Iterator[Remote]:
    with remote(lab, lab_hosts[0], tmp_path) as one:
        yield one
        one.sh("rm -rf /home/deploy/site")


@on_each_release
def test_a_task_that_becomes_another_user_reaches_the_controller(site):
    (site.folder / "files/site/deep").mkdir(parents=True)
    (site.folder / "files/site/deep/page").write_text("hello")
    assert site.run(TASKS, ROOT).statuses == {"sync": "changed", "fetch": "changed", "convert": "ok", "event": "ok"}
    assert site.sh("stat -c %U /home/deploy/site/deep/page; cat /home/deploy/site/deep/page") == "deploy\nhello"
    [fetched] = (site.folder / "fetched").rglob("name")
    assert fetched.read_text() == site.sh("cat /etc/hostname")
    assert site.run(TASKS, DEPLOY).statuses == {"sync": "ok", "fetch": "ok", "convert": "ok", "event": "ok"}
