"""Who runs a delegated task: names, templates, groups, tags, strategies, functions, and the controller for others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sloth.core.errors import WorkflowError
from sloth.engine.delegates import Known
from sloth.workflow.load import load

VARIABLES: dict[str, dict[str, object]] = {
    "lb1": {"tags": ["lb", "east"], "zone": "a"},
    "lb2": {"tags": "lb, west", "zone": "b"},
    "web1": {"zone": "b", "balancer": "lb2"},
}
GROUPS = {"all": ["lb1", "lb2", "web1"], "lbs": ["lb1", "lb2"], "nobody": []}


def chosen(folder: Path, said: str, hosts: Sequence[str | None] = (None,)) -> list[list[str]]:
    """The delegates of a task for each of these hosts. web1 and lb1 have tasks of their own."""
    path = folder / "site.sloth"
    path.write_text(f"""task("t"):params({{ to = "lb2" }}):delegate_to({said}):command("true"):build()""")
    evaluated = load(path, {}, {}, lambda level, text: None)
    known = Known(
        dict.fromkeys(VARIABLES), GROUPS, VARIABLES.__getitem__, {"main": "lb1"}, {"lb": "lb2"}, evaluated.choose
    )
    task = evaluated.file.workflows[0].tasks[0]
    return [list(known.choose(task, host, {"web1": 2, "lb1": 1})) for host in hosts]


@pytest.mark.parametrize(
    ("said", "delegates"),
    [
        pytest.param('"lb1"', ["lb1"], id="a name"),
        pytest.param('{ "lb1", "lb2", "lb1" }', ["lb1", "lb2"], id="a list: each once"),
        pytest.param('"localhost"', ["localhost"], id="the controller, in no inventory"),
        pytest.param('"local"', ["localhost"], id="the controller by its other name"),
        pytest.param('"{{ vars.main }}"', ["lb1"], id="a template"),
        pytest.param('"{{ main }}"', ["lb1"], id="a template, by the name alone"),
        pytest.param('"{{ values.lb }}"', ["lb2"], id="a template of values"),
        pytest.param('{ host = "lb2" }', ["lb2"], id="a table"),
        pytest.param('{ groups = "lbs" }', ["lb1"], id="any of a group"),
        pytest.param('{ groups = "lbs", strategy = "all" }', ["lb1", "lb2"], id="all of a group"),
        pytest.param('{ tags = "west" }', ["lb2"], id="by tag"),
        pytest.param('{ tags = { "lb", "east" }, strategy = "all" }', ["lb1"], id="by several tags"),
        pytest.param('{ groups = "lbs", strategy = "least_loaded" }', ["lb2"], id="who has least to do"),
        pytest.param('{ groups = "lbs", strategy = "zone", zone = "b" }', ["lb2"], id="in a zone"),
        pytest.param(
            '{ groups = "lbs", strategy = "function", choose = function(hosts) return hosts[2] end }', ["lb2"],
            id="a function chooses",
        ),
        pytest.param('function() return { "lb1", vars.main } end', ["lb1"], id="a function"),
        pytest.param("function(params) return params.to end", ["lb2"], id="a function of the params"),
        pytest.param("function(this, params) return params.to end", ["lb2"], id="a function with this"),
        pytest.param("function() return groups.lbs[2] end", ["lb2"], id="a function that looks at groups"),
        pytest.param('{ host = "gone", fallback = "local" }', ["localhost"], id="fallback for an unknown host"),
        pytest.param('{ tags = "none", fallback = "local" }', ["localhost"], id="fallback for a tag that nobody has"),
    ],
)  # fmt: skip
def test_the_delegates_of_a_task(tmp_path, said, delegates):
    assert chosen(tmp_path, said) == [delegates]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param('{ host = "{{ vars.balancer }}", per_host = true }', id="template"),
        pytest.param("function(host) return vars.balancer end", id="function"),
        pytest.param('{ groups = "lbs", strategy = "zone", per_host = true }', id="zone"),
    ],
)
def test_each_host_may_have_its_own_delegate(tmp_path, said):
    assert chosen(tmp_path, said, ["web1"]) == [["lb2"]]


def test_round_robin_takes_turns(tmp_path):
    turns = chosen(tmp_path, '{ groups = "lbs", strategy = "round_robin", per_host = true }', ["web1"] * 3)
    assert turns == [["lb1"], ["lb2"], ["lb1"]]


@pytest.mark.parametrize(
    ("said", "problem", "hint"),
    [
        pytest.param('"lb3"', "no host 'lb3' in the inventory", "did you mean 'lb", id="unknown"),
        pytest.param('"lbs"', "no host 'lbs'", 'groups = "lbs"', id="a group is no host"),
        pytest.param('{ groups = "lsb" }', "no group 'lsb'", "did you mean 'lbs'", id="unknown group"),
        pytest.param('{ groups = "nobody" }', "nobody has no hosts", "", id="empty group"),
        pytest.param('{ tags = "none" }', "no host of the inventory has all of the tags none", "", id="unknown tag"),
        pytest.param('"{{ balancer }}"', "'balancer' is undefined", "per_host = true", id="a host's variable"),
        pytest.param('{ groups = "lbs", strategy = "zone" }', "no zone to look in", "per_host", id="no zone"),
        pytest.param("function() return 5 end", "has to return a host or a list of hosts, not 5", "", id="a number"),
        pytest.param("function() error('why') end", "why", "", id="a function that fails"),
        pytest.param("function() return fs.read('/x') end", "before anything connects", "", id="a function that acts"),
        pytest.param('{ host = "lb1", stategy = "any" }', "unknown key stategy", "did you mean 'strategy'", id="key"),
        pytest.param('{ host = "lb1", strategy = "some" }', "unknown strategy 'some'", "there are all, any", id="word"),
        pytest.param('{ strategy = "any" }', "names no host", "say host, groups or tags", id="nobody"),
        pytest.param('{ host = "lb1", fallback = "lb2" }', "fallback wants", "", id="fallback"),
        pytest.param('{ host = "lb1", strategy = "function" }', "belong together", "choose = function", id="no choose"),
        pytest.param("{ 5 }", "wants a name or a list of names", "", id="a list of numbers"),
        pytest.param("{}", "wants|names no host|empty", "", id="an empty list"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_clear_error_with_its_line(tmp_path, said, problem, hint):
    with pytest.raises(WorkflowError, match=problem) as caught:
        chosen(tmp_path, said)
    assert caught.value.where.startswith(f"{tmp_path}/site.sloth:1")
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "delegate"),
    [
        pytest.param('workflow.define("w"):delegate_to("lb1"):tasks({ t })', "lb1", id="of the workflow"),
        pytest.param('delegate_to("lb1")\nworkflow.define("w"):tasks({ t })', "lb1", id="of the file"),
        pytest.param('delegate_to("lb2")\nworkflow.define("w"):delegate_to("lb1"):tasks({ t })', "lb1", id="both"),
        pytest.param('TaskDefinitions = { w = { delegate_to = "lb1", tasks = { { name = "t", run = "x" } } } }', "lb1",
                     id="of a group"),
    ],
)  # fmt: skip
def test_a_workflow_and_a_file_delegate_what_says_nothing_itself(tmp_path, text, delegate):
    path = tmp_path / "site.sloth"
    path.write_text(f'local t = task("t"):command("true"):build()\n{text}')
    task = load(path, {}, {}, lambda level, text: None).file.workflows[0].tasks[0]
    assert task.delegate_to is not None and task.delegate_to.hosts == (delegate,)
