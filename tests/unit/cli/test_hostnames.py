"""Many hosts in few words."""

from __future__ import annotations

import pytest

from sloth.cli.render.hostnames import folded, natural


@pytest.mark.parametrize(
    ("hosts", "text"),
    [
        pytest.param(["web1"], "web1", id="one"),
        pytest.param(["web3", "web1", "web2"], "web[1-3] (3 hosts)", id="a run, in any order"),
        pytest.param(["web1", "web3"], "web1, web3 (2 hosts)", id="a gap"),
        pytest.param(["db", "web1", "web2"], "db, web[1-2] (3 hosts)", id="with others"),
        pytest.param(["n08", "n09", "n10"], "n[08-10] (3 hosts)", id="padded"),
        pytest.param(["n8", "n09"], "n8, n09 (2 hosts)", id="padded in another way"),
        pytest.param(["w1.x.org", "w2.x.org"], "w[1-2].x.org (2 hosts)", id="a domain behind"),
        pytest.param(["10.0.0.9", "10.0.0.10"], "10.0.0.[9-10] (2 hosts)", id="addresses"),
        pytest.param(list("abcdefgh"), "a, b, c, d, e, f, … (8 hosts)", id="too many to tell"),
        pytest.param(["a", "a"], "a", id="twice"),
        pytest.param([], "no host", id="none"),
    ],
)
def test_names_are_folded(hosts, text):
    assert folded(hosts) == text


def test_numbers_sort_as_numbers():
    assert sorted(["web10", "web9", "db1"], key=natural) == ["db1", "web9", "web10"]
