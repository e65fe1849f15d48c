"""Many hosts in few words."""

from __future__ import annotations

import pytest

from sloth.cli.render.hostnames import folded, natural
from sloth.inventory.patterns import Names, select


@pytest.mark.parametrize(
    ("hosts", "text"),
    [
        pytest.param(["web1"], "web1", id="one"),
        pytest.param(["web3", "web1", "web2"], "web[1:3] (3 hosts)", id="a run, in any order"),
        pytest.param(["web1", "web3"], "web1, web3 (2 hosts)", id="a gap"),
        pytest.param(["db", "web1", "web2"], "db, web[1:2] (3 hosts)", id="with others"),
        pytest.param(["n08", "n09", "n10"], "n[08:10] (3 hosts)", id="padded"),
        pytest.param(["n8", "n09"], "n8, n09 (2 hosts)", id="padded in another way"),
        pytest.param(["w1.x.org", "w2.x.org"], "w[1:2].x.org (2 hosts)", id="a domain behind"),
        pytest.param(["10.0.0.9", "10.0.0.10"], "10.0.0.[9:10] (2 hosts)", id="addresses"),
        pytest.param(["w1.dc1.x", "w2.dc1.x"], "w[1:2].dc1.x (2 hosts)", id="another number behind"),
        pytest.param(["w1.dc1", "w1.dc2", "w2.dc1"], "w1.dc[1:2], w2.dc1 (3 hosts)", id="two numbers"),
        pytest.param(["w1", "w3", "w4", "w7"], "w[1,3:4,7] (4 hosts)", id="gaps"),
        pytest.param([f"w{n}" for n in range(0, 40, 2)], "w[0,2,4,6,8,10,…] (20 hosts)", id="many gaps"),
        pytest.param(list("abcdefgh"), "a, b, c, d, e, f, … (8 hosts)", id="too many to tell"),
        pytest.param(["a", "a"], "a", id="twice"),
        pytest.param([], "no host", id="none"),
    ],
)
def test_names_are_folded(hosts, text):
    assert folded(hosts) == text


@pytest.mark.parametrize(
    ("room", "text"),
    [
        pytest.param(60, "alpha, beta, gamma, web[1:3] (6 hosts)", id="enough"),
        pytest.param(30, "alpha, beta, … (6 hosts)", id="less"),
        pytest.param(10, "6 hosts", id="none"),
    ],
)
def test_as_many_names_are_told_as_there_is_room_for(room, text):
    assert folded(["alpha", "beta", "gamma", "web1", "web2", "web3"], room) == text


def test_what_is_told_can_be_given_as_a_pattern():
    hosts = {f"web{number:02}.dc1": None for number in (1, 2, 3, 5, 8, 9)}
    text = folded(hosts).removesuffix(" (6 hosts)")
    assert text == "web[01:03,05,08:09].dc1"
    assert select(text, Names(hosts, {})) == list(hosts)


def test_numbers_sort_as_numbers():
    assert sorted(["web10", "web9", "db1"], key=natural) == ["db1", "web9", "web10"]
