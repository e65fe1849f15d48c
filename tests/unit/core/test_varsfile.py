"""Variables files: what each format's traps become, and where an error says it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sloth.core.errors import InventoryError, SlothError, UsageError
from sloth.core.varsfile import MAX_DEPTH, extra_vars, parse, plain, read


@pytest.mark.parametrize(("written", "meant"), [
    pytest.param("no", False, id="no is false"),
    pytest.param("'no'", "no", id="quoted no"),
    pytest.param("0644", 420, id="octal"),
    pytest.param("'0644'", "0644", id="quoted octal"),
    pytest.param("0o644", "0o644", id="YAML 1.2's octal is text"),
    pytest.param("08", "08", id="no octal digit"),
    pytest.param("1e3", "1e3", id="no dot, no float"),
    pytest.param("1.0e+3", 1000.0, id="float"),
    pytest.param("12:30", 750, id="sexagesimal"),
    pytest.param("1_000", 1000, id="underscores"),
    pytest.param("~", None, id="null"),
    pytest.param("2024-01-02", "2024-01-02", id="date"),
    pytest.param("2024-01-02T03:04:05Z", "2024-01-02T03:04:05+00:00", id="time"),
    pytest.param("=", "=", id="the value tag"),
    pytest.param("!unsafe '{{ x }}'", "{{ x }}", id="Ansible's unsafe"),
    pytest.param("[a, {b: 1}]", ["a", {"b": 1}], id="nested"),
])  # fmt: skip
def test_yaml_means_what_it_means_to_ansible(written: str, meant: object):
    assert parse(f"x: {written}", "f.yml", ".yml").values == {"x": meant}


@pytest.mark.parametrize(("written", "meant"), [
    pytest.param("0o644", 420, id="octal"),
    pytest.param("1e3", 1000.0, id="float"),
    pytest.param("false", False, id="false"),
    pytest.param("2024-01-02", "2024-01-02", id="date"),
    pytest.param("2024-01-02T03:04:05Z", "2024-01-02T03:04:05+00:00", id="time with zone"),
    pytest.param("[2024-01-02, 12:30:00]", ["2024-01-02", "12:30:00"], id="dates in a list"),
])  # fmt: skip
def test_toml_dates_become_text(written: str, meant: object):
    assert parse(f"x = {written}", "f.toml", ".toml").values == {"x": meant}


@pytest.mark.parametrize(("suffix", "text", "where", "message"), [
    pytest.param(".yml", "a: 1\nb: 2\na: 3", "f:3:1", "duplicate key 'a', first on line 1", id="duplicate key"),
    pytest.param(".yml", "a:\n  b: 1\n  b: 1", "f:3:3", "duplicate key 'b'", id="nested duplicate key"),
    pytest.param(".yml", "a: [1", "f:2:1", "no YAML", id="unclosed list"),
    pytest.param(".yml", "a: 1\n\tb: 2", "f:2:1", "no YAML", id="tab"),
    pytest.param(".yml", "- a", "f", "not a list", id="a list"),
    pytest.param(".yml", "just text", "f", "not a string", id="text"),
    pytest.param(".yml", "a: .nan", "f:1:4", "JSON cannot carry", id="nan"),
    pytest.param(".yml", "a: 1.0e+999", "f:1:4", "JSON cannot carry", id="infinite"),
    pytest.param(".yml", "a: 2024-02-30", "f:1:4", "this is not a date", id="no such day"),
    pytest.param(".yml", "a: !b4ng", "f:1:4", "no such type", id="an unknown tag"),
    pytest.param(".env", "A=1\n\nB 2", "f:3", "NAME=value", id="dotenv without ="),
    pytest.param(".env", "A=1\nB", "f:2", "NAME=value", id="dotenv without value"),
    pytest.param(".env", "A=1\nA=2", "f:2", "duplicate key 'A', first on line 1", id="dotenv duplicate"),
    pytest.param(".yml", "80: http", "f:1:1", "the key 80 is no string", id="number as key"),
    pytest.param(".yml", "no: x", "f:1:1", "the key no is no string but true or false", id="Norway as key"),
    pytest.param(".yml", "? [a]\n: b", "f:1:3", "must be a string", id="list as key"),
    pytest.param(".yml", "a: !vault |\n  1", "f:1:4", "!vault", id="vault"),
    pytest.param(".yml", "a: !!python/name:os.system x", "f:1:4", "!!python/name:os.system", id="python object"),
    pytest.param(".yml", "a: !!str {b: 1}", "f:1:4", "!!str", id="a mapping that claims to be text"),
    pytest.param(".yml", "a: !!binary aGk=", "f:1:4", "!!binary", id="bytes"),
    pytest.param(".yml", "a: &a [*a]", "f:1:4", "contains itself", id="contains itself"),
    pytest.param(".yml", "a: 1\n---\nb: 1", "f:2:1", "single document", id="two documents"),
    pytest.param(".yml", "a: \0", "f", "no YAML", id="control character"),
    pytest.param(".yml", "$ANSIBLE_VAULT;1.1;AES256\n6162", "f", "", id="vault file"),
    pytest.param(".toml", "a = 1\na = 2", "f:2:6", "no TOML", id="TOML duplicate"),
    pytest.param(".toml", "a = ", "f:1:5", "no TOML", id="TOML without value"),
    pytest.param(".toml", "a = nan", "f", "a is nan", id="TOML nan"),
    pytest.param(".json", '{"a": 1, "a": 2}', "f", "duplicate key 'a'", id="JSON duplicate"),
    pytest.param(".json", '{"a": }', "f:1:7", "no JSON", id="JSON without value"),
    pytest.param(".json", '{"a": NaN}', "f", "a is nan", id="JSON NaN"),
    pytest.param(".json", '{"a": 1e999}', "f", "a is inf", id="JSON infinite"),
    pytest.param(".json", "[]", "f", "not a list", id="JSON list"),
])  # fmt: skip
def test_what_cannot_be_variables_says_where(suffix: str, text: str, where: str, message: str):
    with pytest.raises(InventoryError) as caught:
        parse(text, "f", suffix)
    assert (caught.value.where, message in str(caught.value)) == (where, True), str(caught.value)


@pytest.mark.parametrize(("suffix", "text"), [
    pytest.param(".yml", "a: " + "[" * 50_000, id="YAML brackets"),
    pytest.param(".yml", "a:\n  " + "- " * 50_000, id="YAML dashes"),
    pytest.param(".yml", "a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH, id="one too deep"),
    pytest.param(".toml", "a = " + "[" * 50_000, id="TOML brackets"),
    pytest.param(".toml", ".".join("a" * 200) + " = 1", id="TOML dots"),
    pytest.param(".json", '{"a":' + "[" * 50_000, id="JSON brackets"),
])  # fmt: skip
def test_deep_nesting_is_an_error_and_no_crash(suffix: str, text: str):
    with pytest.raises(InventoryError, match="nested"):
        parse(text, "f", suffix)


def test_a_key_that_is_no_string_is_told_to_be_quoted():
    with pytest.raises(InventoryError) as caught:
        parse("ports:\n  80: http", "f.yml", ".yml")
    assert caught.value.hint == 'quote it: "80"'


def test_own_keys_win_over_merged_ones_and_the_first_merged_wins():
    text = "one: &one {a: 1, b: 1}\ntwo: &two {a: 2, c: 2}\nx: {<<: [*one, *two], b: 3}"
    assert parse(text, "f", ".yml").values["x"] == {"a": 1, "b": 3, "c": 2}


@pytest.mark.parametrize(("suffix", "text", "keys", "line"), [
    pytest.param(".yml", "a:\n  b:\n    c: 1", ["a", "b", "c"], 3, id="YAML"),
    pytest.param(".yml", "a:\n  b: 1", ["a", "x"], 1, id="YAML, nearest above"),
    pytest.param(".yml", "a: &a\n  b: 1\nc:\n  <<: *a", ["c", "b"], 2, id="YAML, merged"),
    pytest.param(".toml", "[a.b]\nc = 1\n[a.d]\nc = 2", ["a", "d", "c"], 4, id="TOML"),
    pytest.param(".toml", "[a]\n'b.c' . d = 1", ["a", "b.c", "d"], 2, id="TOML, quoted and dotted"),
    pytest.param(".toml", "[a]\nb = 1", ["a", "x"], 1, id="TOML, nearest above"),
])  # fmt: skip
def test_every_key_has_a_line(suffix: str, text: str, keys: list[str], line: int):
    assert parse(text, "f", suffix).where(*keys) == f"f:{line}"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "null\n"])
def test_an_empty_file_has_no_variables(text: str):
    assert parse(text, "f", ".yml").values == {}


@given(st.dictionaries(st.text("abcxyz", min_size=1), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab 1:#'\"-"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8)))  # fmt: skip
def test_yaml_and_json_of_the_same_values_are_equal(values: dict[str, object]):
    import yaml

    assert parse(yaml.safe_dump(values), "f", ".yml").values == parse(json.dumps(values), "f", ".json").values == values


@given(st.text(max_size=60), st.sampled_from([".yml", ".toml", ".json"]))
def test_any_text_is_variables_or_an_error_of_ours(text: str, suffix: str):
    try:
        values = parse(text, "f", suffix).values
    except InventoryError:
        return
    assert json.dumps(values, allow_nan=False)


def test_files_are_read_with_and_without_a_byte_order_mark(tmp_path: Path):
    (tmp_path / "a.yml").write_bytes(b"\xef\xbb\xbfa: \xc3\xa4\r\nb: 2\r\n")
    assert read(tmp_path / "a.yml").values == {"a": "ä", "b": 2}


@pytest.mark.parametrize(("make", "message"), [
    pytest.param(lambda path: None, "there is no file", id="missing"),
    pytest.param(lambda path: path.mkdir(), "is a directory", id="directory"),
    pytest.param(lambda path: path.write_bytes(b"a: \xff"), "byte 3 is no UTF-8", id="not UTF-8"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_is_named(make, message: str, tmp_path: Path):
    path = tmp_path / "vars.yml"
    make(path)
    with pytest.raises(InventoryError, match=message) as caught:
        read(path)
    assert "vars.yml" in f"{caught.value} {caught.value.where}"


@pytest.mark.parametrize(("items", "meant"), [
    pytest.param(["a=1"], {"a": "1"}, id="values are text"),
    pytest.param(["a=1 b='x y' c="], {"a": "1", "b": "x y", "c": ""}, id="several, quoted, empty"),
    pytest.param(["a=b=c"], {"a": "b=c"}, id="equals in the value"),
    pytest.param(['{"a": 1, "b": [true]}'], {"a": 1, "b": [True]}, id="JSON has types"),
    pytest.param(["a=1", '{"a": 2}'], {"a": 2}, id="the last wins"),
    pytest.param([], {}, id="none"),
])  # fmt: skip
def test_extra_vars(items: list[str], meant: dict[str, object]):
    assert extra_vars(items) == meant


def test_extra_vars_of_a_file(tmp_path: Path):
    (tmp_path / "x.toml").write_text("a = 1")
    assert extra_vars(["a=0 b=0", f"@{tmp_path}/x.toml"]) == {"a": 1, "b": "0"}


@pytest.mark.parametrize(("item", "error"), [
    pytest.param("a", UsageError, id="no equals"),
    pytest.param("=a", UsageError, id="no name"),
    pytest.param("a='b", UsageError, id="open quote"),
    pytest.param("{a: 1}", InventoryError, id="no JSON"),
    pytest.param("[1]", InventoryError, id="a list"),
    pytest.param("@/nowhere/x.yml", InventoryError, id="no file"),
])  # fmt: skip
def test_extra_vars_that_are_wrong(item: str, error: type[SlothError]):
    with pytest.raises(error):
        extra_vars([item])


BOMB = "a0: &a0 [{text}]\n" + "".join(f"a{n}: &a{n} [" + f"*a{n - 1}, " * 9 + "]\n" for n in range(1, 9))
MERGES = "a: &a {" + "".join(f"k{n}: 1, " for n in range(1000)) + "}\n" + "".join(
    f"m{n}: {{<<: *a}}\n" for n in range(5000)
)


@pytest.mark.parametrize("text", [
    pytest.param(BOMB.format(text="lol"), id="aliases of aliases"),
    pytest.param("s: &s " + "x" * 100_000 + "\nall: [" + "*s, " * 200 + "]", id="a long text, often"),
    pytest.param(MERGES, id="a large mapping, merged often"),
])  # fmt: skip
def test_aliases_cannot_multiply_without_end(text: str):
    with pytest.raises(InventoryError, match="come to more than 10000000 characters") as caught:
        parse(text, "f", ".yml")
    assert caught.value.where.startswith("f:")


def test_aliases_that_people_write_are_no_bomb():
    text = "base: &base {a: 1, b: [1, 2]}\n" + "".join(f"h{n}: {{<<: *base, n: {n}}}\n" for n in range(2000))
    assert parse(text, "f", ".yml").values["h1999"] == {"a": 1, "b": [1, 2], "n": 1999}


def test_the_lines_of_keys_inside_of_lists_are_known():
    file = parse("x:\n  - a: 1\n    b: 2\n  - a:\n      c: 3\n", "f", ".yml")
    assert [file.where("x", "0", "b"), file.where("x", "1", "a", "c"), file.where("x", "7", "a")] == ["f:3", "f:5", "f:1"]


JSON = """\
{
  "a": {"b": 1, "c": [
      {"d": "}{,\\"", "e": {}},
      {"d":
         2}
  ]},
  "f": [], "b": {"b":
    {"a": null}}
}
"""


@pytest.mark.parametrize(("keys", "line"), [
    pytest.param(("a",), 2, id="top"),
    pytest.param(("a", "b"), 2, id="nested"),
    pytest.param(("a", "c", "0", "e"), 3, id="in a list"),
    pytest.param(("a", "c", "1", "d"), 4, id="later in the list"),
    pytest.param(("a", "c", "2"), 2, id="beyond the list"),
    pytest.param(("a", "x"), 2, id="nearest above"),
    pytest.param(("f",), 7, id="after a list"),
    pytest.param(("b", "b", "a"), 8, id="keys of the same name"),
    pytest.param(("x",), None, id="nowhere"),
    pytest.param(("b", "a"), 7, id="not the path of another"),
])  # fmt: skip
def test_keys_of_json_have_lines(keys: tuple[str, ...], line: int | None):
    where = parse(JSON, "f", ".json").where(*keys)
    assert where == ("f" if line is None else f"f:{line}")


@pytest.mark.parametrize(("value", "meant"), [
    pytest.param((1, (2.5, None)), [1, [2.5, None]], id="tuples"),
    pytest.param({"a": True}, {"a": True}, id="mapping"),
])  # fmt: skip
def test_plain_data_stays_what_json_carries(value: object, meant: object):
    assert plain(value, "f") == meant


@pytest.mark.parametrize(("value", "message"), [
    pytest.param({"a": {1, 2}}, "a is a set", id="set"),
    pytest.param([b"x"], "0 is a bytes", id="bytes"),
    pytest.param({"a": {1: 2}}, "a has the key 1", id="number as key"),
    pytest.param(1j, "the value is a complex", id="complex"),
])  # fmt: skip
def test_what_json_cannot_carry_is_no_plain_data(value: object, message: str):
    with pytest.raises(InventoryError, match=message):
        plain(value, "f")
