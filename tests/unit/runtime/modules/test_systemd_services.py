"""systemd.list_services: what it finds, joined from files and units, and what it keeps of that."""

from __future__ import annotations

import pytest

from sloth.runtime.modules.systemd import states as systemd
from sloth.runtime.units import Systemctl
from tests.doubles import FakeHost


def test_list_services_joins_files_and_loaded_units(tmp_path):
    folder = tmp_path / "lib/systemd/system"
    folder.mkdir(parents=True)
    for name in ("web", "off", "other"):
        (folder / f"{name}.service").write_text("[Install]\nWantedBy=multi-user.target\n")
    listed = "web.service loaded active running Web\nghostweb.service not-found inactive dead ghost\n"
    host = FakeHost({"systemctl list-units": listed})
    found = {one["name"]: (one["active"], one["enabled"]) for one in Systemctl(host).services("*[bf]", f"{tmp_path}/")}
    assert found == {
        "web.service": ("active", "disabled"),
        "off.service": ("inactive", "disabled"),
        "ghostweb.service": ("inactive", ""),
    }
    assert not any("list-unit-files" in line for line in host.commands)  # it takes most of a second


@pytest.mark.parametrize(
    ("state", "names"),
    [
        pytest.param(None, ["a.service", "b.service"], id="all"),
        pytest.param("active", ["a.service", "b.service"], id="as it is"),
        pytest.param("exited", ["b.service"], id="more exactly"),
        pytest.param("failed", [], id="none"),
    ],
)
def test_list_services_keeps_those_in_a_state(state, names):
    listed = "a.service loaded active running A\nb.service loaded active exited B\n"
    found = systemd.list_services(FakeHost({"systemctl list-units": listed}), pattern="[ab].service", state=state)
    assert [one["name"] for one in found] == names
