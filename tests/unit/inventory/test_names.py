"""Host expressions: ranges, ports, IPv6."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sloth.core.errors import InventoryError
from sloth.inventory import names


@pytest.mark.parametrize(("text", "found", "port"), [
    pytest.param("web", ["web"], None, id="a name"),
    pytest.param("web:2222", ["web"], 2222, id="with a port"),
    pytest.param("web[01:03]", ["web01", "web02", "web03"], None, id="padded"),
    pytest.param("web[8:11]", ["web8", "web9", "web10", "web11"], None, id="not padded"),
    pytest.param("web[:2]", ["web0", "web1", "web2"], None, id="from 0"),
    pytest.param("[a:c].x", ["a.x", "b.x", "c.x"], None, id="letters"),
    pytest.param("w[1:10:4]", ["w1", "w5", "w9"], None, id="step"),
    pytest.param("w[a:e:2]", ["wa", "wc", "we"], None, id="letters with a step"),
    pytest.param("[a:b][1:2]", ["a1", "a2", "b1", "b2"], None, id="two ranges"),
    pytest.param("w[1:2]:22", ["w1", "w2"], 22, id="range and port"),
    pytest.param("::1", ["::1"], None, id="IPv6"),
    pytest.param("[::1]", ["::1"], None, id="IPv6 in brackets"),
    pytest.param("[::1]:2222", ["::1"], 2222, id="IPv6 and port"),
    pytest.param("2001:db8::21", ["2001:db8::21"], None, id="long IPv6"),
    pytest.param("fe80::1%eth0", ["fe80::1%eth0"], None, id="IPv6 with a zone"),
    pytest.param("w[1,3,07:09].x", ["w1.x", "w3.x", "w07.x", "w08.x", "w09.x"], None, id="list"),
    pytest.param("w[a, c]", ["wa", "wc"], None, id="list of letters"),
    pytest.param("10.0.0.[1:2]", ["10.0.0.1", "10.0.0.2"], None, id="IPv4 range"),
])  # fmt: skip
def test_a_host_expression_stands_for_hosts(text: str, found: list[str], port: int | None):
    expanded, said = names.hosts(text, "f:1")
    assert (list(expanded), said) == (found, port)


@pytest.mark.parametrize("text", [
    "w[3:1]", "w[1:x]", "w[1:2:0]", "w[01:100]", "w[1:2:3:4]", "w[1]", "w[1:2", "w:0", "w:65536", "w:ssh", "w:", ":22",
    "", "a b", "a/b", "..", "../x", "-oProxyCommand=x", "a\x1bb", "a,b", "[1:1000000]", "[1:999][1:999]",
    "w[1:99999999999999999999]", "w[1,]", "w[1,xy]", "w[1,2", "w[,]",
])  # fmt: skip
def test_what_is_no_host_is_an_error_with_its_place(text: str):
    with pytest.raises(InventoryError) as caught:
        names.hosts(text, "f:1")
    assert caught.value.where == "f:1"


@given(st.integers(0, 500), st.integers(0, 60), st.integers(1, 9), st.integers(1, 5))
def test_a_range_counts_as_python_does_and_keeps_its_width(first: int, length: int, step: int, width: int):
    last = first + length
    pad = max(width, len(str(last)))
    text = f"w[{first:0{pad}}:{last:0{pad}}:{step}].example"
    padded = f"{first:0{pad}}".startswith("0")
    expected = [f"w{n:0{pad if padded else 0}}.example" for n in range(first, last + 1, step)]
    assert names.expand(text) == expected


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted), min_size=1, max_size=3))
def test_ranges_multiply_without_doubles(ranges: list[list[int]]):
    found = names.expand("x".join(f"[{first}:{last}]" for first, last in ranges))
    count = 1
    for first, last in ranges:
        count *= last - first + 1
    assert len(set(found)) == len(found) == count


@given(st.text(max_size=20))
def test_any_text_is_hosts_or_an_error_of_ours(text: str):
    try:
        found, _ = names.hosts(text, "f")
    except InventoryError:
        return
    assert found
    assert not any("/" in name or name.startswith(("-", ".")) for name in found)
