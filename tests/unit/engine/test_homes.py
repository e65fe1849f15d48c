"""Tasks that run once: on the first host that can be reached, and always on that one."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from sloth.core.errors import ConnectionRefused, SettingsError
from sloth.core.events import Event, Notice
from sloth.core.model import Plan, Task, Workflow
from sloth.engine.homes import CANDIDATES, find, of_earlier_life
from sloth.engine.planning import lay_out

HOSTS = [f"h{number}" for number in range(1, 21)]


def planned(*tasks: Task, serial: tuple[str | int, ...] = (), **homes: str) -> Plan:
    workflow = Workflow("site", "site.sloth:1", tasks=tasks, serial=serial)
    return lay_out(workflow, HOSTS, lambda pattern: pattern.split(","), homes=homes)


def once(name: str, *needs: str, hosts: str | None = None) -> Task:
    return Task(name, "site.sloth:1", depends_on=needs, hosts=hosts, run_once=True)


class Network:
    """Some hosts are down; and who was tried."""

    def __init__(self, down: Collection[str]) -> None:
        self._down = down
        self.tried: list[str] = []

    def reach(self, host: str) -> None:
        self.tried.append(host)
        if host in self._down:
            raise ConnectionRefused(f"{host}: nothing listens")


@pytest.mark.parametrize(
    ("down", "home", "tried"),
    [
        pytest.param([], None, 1, id="the first is there"),
        pytest.param(["h1"], "h2", 1 + CANDIDATES, id="the first is down"),
        pytest.param(["h1", "h2", "h3"], "h4", 1 + CANDIDATES, id="several are down"),
        pytest.param(HOSTS, None, 1 + CANDIDATES, id="all are down"),
    ],
)
def test_a_task_that_runs_once_has_its_home_on_the_first_host_that_can_be_reached(down, home, tried):
    network, said = Network(down), list[Event]()
    found = find(planned(once("t")), network.reach, said.append)
    assert found.homes == ({} if home is None else {"t": home})
    assert set(found.lost) == set(down[:tried])
    assert len(network.tried) == len(set(network.tried)) == tried
    assert said == ([Notice(f"task t runs on {home}, as h1 cannot be reached")] if home else [])


def test_a_host_is_tried_once_and_not_at_all_where_there_is_no_choice():
    network = Network(["h1"])
    plan = planned(once("a", hosts="h1,h2"), once("b", hosts="h1,h2"), once("c", hosts="h3"), Task("d", "site.sloth:1"))
    assert find(plan, network.reach, list[Event]().append).homes == {"a": "h2", "b": "h2"}
    assert sorted(network.tried) == ["h1", "h2"]


def test_only_a_host_of_the_same_batch_takes_the_place_of_the_first():
    assert planned(once("t"), serial=(2,)).once == {"t": ("h1", "h2")}
    assert planned(once("t", hosts="h4,h5,h3"), serial=(2,)).once == {"t": ("h3", "h4")}


def test_what_waits_for_the_task_waits_for_its_home():
    plan = planned(once("t"), Task("u", "site.sloth:1", depends_on=("t",), hosts="h1,h2,h3"), t="h2")
    assert {host.host: host.tasks for host in plan.hosts} == {"h1": ("u",), "h2": ("t", "u"), "h3": ("u",)}
    assert plan.gates == {"t": (("h2", "t"),)}


def test_a_run_that_is_taken_up_leaves_the_task_where_it_was():
    assert of_earlier_life(planned(once("t")), {"h1": ["u"], "h3": ["t", "u"]}) == {"t": "h3"}
    assert of_earlier_life(planned(once("t")), {"h1": ["t"]}) == {}


def test_a_host_with_wrong_settings_is_an_error_of_its_own_part_of_the_run():
    def reach(host: str) -> None:
        raise SettingsError(f"{host}: its port is none")

    assert find(planned(once("a")), reach, lambda event: None).lost == {}
