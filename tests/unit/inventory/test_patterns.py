"""Host patterns: what each form matches, and the laws of their algebra."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sloth.core.errors import InventoryError
from sloth.inventory import load, local
from sloth.inventory.patterns import Names, select

HOSTS = ["web1", "web2", "web3", "db1", "db2", "::1"]
GROUPS = {
    "all": HOSTS, "web": ["web1", "web2", "web3"], "db": ["db1", "db2"], "staging": ["web3", "db1"], "empty": [],
}  # fmt: skip
KNOWN = Names(dict.fromkeys(HOSTS), GROUPS)


@pytest.mark.parametrize(("pattern", "matches"), [
    pytest.param("all", HOSTS, id="all"),
    pytest.param("*", HOSTS, id="star"),
    pytest.param("web", ["web1", "web2", "web3"], id="group"),
    pytest.param("db1", ["db1"], id="host"),
    pytest.param("db2:web1", ["web1", "db2"], id="the inventory's order"),
    pytest.param("db2,web1", ["web1", "db2"], id="comma"),
    pytest.param(" db2 , web1, ", ["web1", "db2"], id="spaces and a comma too many"),
    pytest.param("web:&staging", ["web3"], id="intersection"),
    pytest.param("web:!web2", ["web1", "web3"], id="exclusion"),
    pytest.param("web:db:&staging:!web3", ["db1"], id="all signs"),
    pytest.param("!web", ["db1", "db2", "::1"], id="exclusion alone starts from all"),
    pytest.param("&web", ["web1", "web2", "web3"], id="intersection alone starts from all"),
    pytest.param("!web3:web", ["web1", "web2"], id="exclusion first"),
    pytest.param("w*", ["web1", "web2", "web3"], id="glob of hosts"),
    pytest.param("stag*", ["web3", "db1"], id="glob of groups"),
    pytest.param("web?", ["web1", "web2", "web3"], id="question mark"),
    pytest.param("*b[13]*", ["web1", "web3", "db1"], id="glob with a class"),
    pytest.param("~(web|db)[12]$", ["web1", "web2", "db1", "db2"], id="regex"),
    pytest.param("~db", ["db1", "db2"], id="regex matches from the start"),
    pytest.param("~b1", [], id="regex does not search"),
    pytest.param(r"~w(?:eb){1,2}\d:!web1", ["web2", "web3"], id="separators inside a regex"),
    pytest.param("web[0]", ["web1"], id="index"),
    pytest.param("web[-1]", ["web3"], id="index from the end"),
    pytest.param("web[0:1]", ["web1", "web2"], id="slice with its end"),
    pytest.param("web[1:]", ["web2", "web3"], id="open slice"),
    pytest.param("web[0-1]:db", ["web1", "web2", "db1", "db2"], id="slice with a dash"),
    pytest.param("w*[0]", ["web1"], id="index of a glob"),
    pytest.param("we[b:b]1", ["web1"], id="range of letters"),
    pytest.param("web[1,3]", ["web1", "web3"], id="list of numbers"),
    pytest.param("?b[1,2:2]", ["db1", "db2"], id="list of globs"),
    pytest.param("web[1,1:2]", ["web1", "web2"], id="names where a group is called so"),
    pytest.param("web[1-2]", ["web2", "web3"], id="places where hosts are called so"),
    pytest.param("::1", ["::1"], id="IPv6"),
    pytest.param("[::1]:web1", ["web1", "::1"], id="IPv6 among others"),
    pytest.param("all,!::1,!web", ["db1", "db2"], id="not that IPv6"),
    pytest.param("empty", [], id="an empty group is known"),
    pytest.param("x*", [], id="a glob may match nothing"),
])  # fmt: skip
def test_a_pattern_matches(pattern: str, matches: list[str]):
    assert select(pattern, KNOWN) == matches


def test_a_range_of_names_where_no_group_is_called_so():
    hosts = [f"node{number:02}" for number in range(1, 13)]
    assert select("node[09:11]", Names(dict.fromkeys(hosts), {"all": hosts})) == ["node09", "node10", "node11"]


@pytest.mark.parametrize(("pattern", "message", "hint"), [
    pytest.param("wbe", "no host or group is called 'wbe'", "did you mean 'web'", id="a typo"),
    pytest.param("all:!stagin", "'stagin'", "did you mean 'staging'", id="a typo behind !"),
    pytest.param("web:&zzz", "'zzz'", "sloth inventory list", id="nothing near"),
    pytest.param("WEB", "'WEB'", "sloth inventory list", id="case counts"),
    pytest.param("web[3]", "web has 3 hosts", "", id="index out of range"),
    pytest.param("web[1:2]", "may be the hosts", "web[1-2] counts hosts of the group", id="names or places"),
    pytest.param("web[1,x1]", "is no range", "[1,3,7:9]", id="odd list"),
    pytest.param("~web(", "no regular expression", "", id="broken regex"),
    pytest.param("", "empty pattern", "`all`", id="empty"),
    pytest.param(" , :", "empty pattern", "`all`", id="only separators"),
    pytest.param("web:!", "nothing behind it", "", id="a sign alone"),
    pytest.param("@hosts.txt", "only with -l", "", id="a file in a workflow"),
    pytest.param("node[1:3]", "'node1'", "", id="range of unknown names"),
])  # fmt: skip
def test_a_pattern_that_cannot_be_meant(pattern: str, message: str, hint: str):
    with pytest.raises(InventoryError) as caught:
        select(pattern, KNOWN)
    assert message in str(caught.value)
    assert hint in caught.value.hint


atoms = st.sampled_from([
    "web", "db", "staging", "empty", "web1", "db2", "all", "w*", "~.*1", "web[0]", "web[1:]", "x*", "[::1]",
])  # fmt: skip
unions = st.lists(atoms, min_size=1, max_size=3).map(":".join)


@given(unions, unions)
def test_union_commutes_and_grows(a: str, b: str):
    both = select(f"{a}:{b}", KNOWN)
    assert both == select(f"{b},{a}", KNOWN)
    assert set(both) == {*select(a, KNOWN), *select(b, KNOWN)}


@given(atoms, atoms)
def test_intersection_commutes_and_exclusion_is_its_rest(a: str, b: str):
    common, rest = select(f"{a}:&{b}", KNOWN), select(f"{a}:!{b}", KNOWN)
    assert common == select(f"{b}:&{a}", KNOWN)
    assert {*common, *rest} == set(select(a, KNOWN))
    assert not {*common} & {*rest}


@given(atoms)
def test_what_is_taken_from_itself_is_nothing_and_twice_is_once(a: str):
    assert select(f"{a}:!{a}", KNOWN) == []
    assert select(f"{a}:{a}:&{a}", KNOWN) == select(a, KNOWN)


@given(atoms, atoms)
def test_de_morgan(a: str, b: str):
    assert select(f"all:!{a}:!{b}", KNOWN) == [h for h in HOSTS if h not in select(f"{a}:{b}", KNOWN)]


@given(st.lists(st.tuples(st.sampled_from(["", "&", "!"]), atoms).map("".join), min_size=1, max_size=5), st.randoms())
def test_the_order_of_parts_does_not_matter_and_hosts_keep_theirs(parts: list[str], random):
    first = select(":".join(parts), KNOWN)
    random.shuffle(parts)
    assert select(",".join(parts), KNOWN) == first == [host for host in HOSTS if host in first]


@given(st.text(alphabet="web1db:&!,*?[]~@()-0x ", max_size=15))
def test_any_pattern_is_an_answer_or_an_error_of_ours(pattern: str):
    try:
        found = select(pattern, KNOWN)
    except InventoryError:
        return
    assert set(found) <= set(HOSTS)


@pytest.mark.filterwarnings("error")
def test_a_regular_expression_that_a_later_python_may_read_otherwise_warns_nobody():
    assert select("~[[w]eb1", KNOWN) == select("~[w]eb1", KNOWN)


def test_a_pattern_that_matches_nothing_is_an_error_unless_it_may(of):
    inventory = of("web: {hosts: {w1: }}\ndb: {hosts: {d1: }}")
    with pytest.raises(InventoryError, match="'web:&db' matches no host"):
        inventory.select("web:&db")
    assert inventory.select("web:&db", allow_empty=True) == []


def test_a_workflow_may_give_a_list(of):
    assert of("web: {hosts: {w1: , w2: }}").select(["w2", "w1"]) == ["w1", "w2"]


def test_a_file_of_hosts_limits_a_run(write, tmp_path: Path):
    inventory = load([str(write("hosts.yml", "web: {hosts: {'w[1:5]': }}"))])
    failed = write("failed.txt", "# of yesterday\nw2\n\n  w[4:5]\n")
    assert inventory.limit(f"@{failed}") == ["w2", "w4", "w5"]
    assert inventory.limit(f"web:!@{failed}") == ["w1", "w3"]
    assert inventory.limit(f"w1:w2:&@{failed}") == ["w2"]
    with pytest.raises(InventoryError, match="there is no file"):
        inventory.limit(f"@{tmp_path}/nowhere")
    write("loop.txt", f"@{tmp_path}/loop.txt")
    with pytest.raises(InventoryError, match="only with -l"):
        inventory.limit(f"@{tmp_path}/loop.txt")


def test_several_limits_hold_each_as_a_whole(of):
    inventory = of("web: {hosts: {w1: , w2: , w3: }}\ndb: {hosts: {d1: }}")
    assert inventory.limit("web", "w1,w3,d1") == ["w1", "w3"]
    assert inventory.limit("all", "web:!w2", "w3,w2") == ["w3"]
    with pytest.raises(InventoryError, match="no host is both in 'web' and in 'd1'"):
        inventory.limit("web", "d1")


def test_a_file_that_names_nobody_limits_to_nobody(write):
    inventory = load([str(write("hosts.yml", "web: {hosts: {w1: }}"))])
    with pytest.raises(InventoryError, match="matches no host"):
        inventory.limit(f"@{write('none.txt', '# nobody')}")


def test_without_an_inventory_an_unknown_name_tells_how_to_give_one():
    with pytest.raises(InventoryError, match="no host or group is called 'web'") as caught:
        local().select("web")
    assert "name one with -i" in caught.value.hint


def test_numbers_with_zeros_in_front_are_names_and_no_places():
    hosts = dict.fromkeys(["web01", "web02", "web03"])
    assert select("web[01:02]", Names(hosts, {"web": list(hosts)})) == ["web01", "web02"]
