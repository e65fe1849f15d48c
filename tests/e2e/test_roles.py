"""A role runs with all that it holds: its variables, templates, files and handlers, and the roles that it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.applying import Remote, remote
from tests.e2e.sloth import Folder
from tests.lab.fleet import Lab
from tests.lab.host import Host

BASE = 'task("folder"):command(function() file_ops.directory { path = vars.base_folder } end):build()'
WEB = """
task("page"):depends_on("base : folder"):command(function()
  local one = file_ops.template { src = "page.j2", dest = vars.base_folder .. "/page" }
  file_ops.copy { src = "logo", dest = vars.base_folder .. "/logo" }
  if one.changed then notify("tell") end
end):build()
"""
HANDLERS = """
handler("tell", function() file_ops.template { src = "told.j2", dest = vars.base_folder .. "/told" } end)
"""


def fill(folder: Path, made: str) -> None:
    """Two roles, of which one needs the other and says where things go."""
    files = {
        "base/tasks/main.sloth": BASE,
        "base/meta/main.toml": 'description = "a folder"\n[parameters.base_folder]\ntype = "string"\n',
        "web/tasks/main.sloth": WEB,
        "web/handlers/main.sloth": HANDLERS,
        "web/meta/main.yml": f"dependencies: [{{ role: base, vars: {{ base_folder: {made} }} }}]\n",
        "web/defaults/main.yml": f"title: none\nbase_folder: {made}\n",
        "web/vars/main.yml": "colour: green\n",
        "web/templates/page.j2": "{{ title }} in {{ colour }}",
        "web/templates/told.j2": "{{ title }}",
        "web/files/logo": "a sloth",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


SITE = 'workflow.define("site"):roles({ role("web", { title = "Home" }) })'


def test_a_role_on_the_search_path_runs_with_all_that_it_holds(tmp_path):
    fill(tmp_path / "shared", str(tmp_path / "made"))
    folder = Folder(tmp_path, environ={"SLOTH_ROLES_PATH": str(tmp_path / "shared")})
    first, second = folder.run(SITE), folder.run(SITE)
    assert first.statuses == {"base : folder": "changed", "web : page": "changed", "tell": "changed"}
    assert second.statuses == {"base : folder": "ok", "web : page": "ok"}
    made = {path.name: path.read_text() for path in (tmp_path / "made").iterdir()}
    assert made == {"page": "Home in green", "logo": "a sloth", "told": "Home"}


def test_a_role_that_is_misspelt_is_told_with_a_near_one(tmp_path):
    fill(tmp_path / "roles", "/tmp/x")
    ended = Folder(tmp_path).run(SITE.replace('role("web"', 'role("wep"'))
    assert ended.code == 1
    assert (
        "there is no role 'wep'" in ended.stderr
        and "did you mean 'web'?" in ended.stderr
        and "site.sloth:1" in ended.stderr
    )


@pytest.fixture
def there(lab: Lab, lab_hosts: list[Host], tmp_path: Path):
    with remote(lab, lab_hosts[0], tmp_path) as host:
        yield host


@pytest.mark.lab
def test_a_role_does_on_a_host_what_it_does_here(there: Remote):
    made = "/root/sloth-role"
    fill(there.folder / "roles", made)
    try:
        assert there.run(SITE).statuses == {"base : folder": "changed", "web : page": "changed", "tell": "changed"}
        assert set(there.run(SITE).statuses.values()) == {"ok"}
        assert there.sh(f"cat {made}/page {made}/logo {made}/told") == "Home in greena slothHome"
    finally:
        there.sh(f"rm -rf {made}")
