"""json, yaml, toml, csv, xml: what is written can be read again, and what cannot be read says why."""

from __future__ import annotations

from typing import Any

import pytest

from sloth.core import conversion
from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed
from tests.doubles import real_host


def call(name: str, *args: object, **named: object) -> Any:
    action = Catalog().find(*name.split("."))
    return action.function(real_host(ask=conversion.answer), **action.bind(args, named))


TABLE = {"b": {"list": [1, "two", True, 2.5], "text": 'Grüße: "x"\n'}, "a": 1}


@pytest.mark.parametrize("kind", ["json", "yaml", "toml"])
def test_what_is_written_can_be_read_again(kind):
    text = call(f"{kind}.encode", TABLE)
    assert call(f"{kind}.decode", text) == TABLE
    assert call(f"data.parse_{kind}", call(f"data.to_{kind}", TABLE)) == TABLE
    assert call(f"{kind}.validate", text) is True
    assert text.index("a") < text.index("b"), "names are sorted, so that a file stays the same"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("json.decode", '{"a": 1,\n]', "this is no JSON: .* in line 2, column 1"),
        ("json.decode", "[" * 100_000, "nested too deeply"),
        ("yaml.decode", "a: [1", "this is no YAML"),
        ("yaml.decode", "a: 1\na: 2", "duplicate key"),
        ("yaml.decode", "!!python/object/apply:os.system [id]", "python"),
        ("toml.decode", "a = ", "this is no TOML"),
        ("xml.decode", "<a><b></a>", "this is no XML: mismatched tag"),
        ("xml.decode", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "document type"),
        ("xml.decode", "<a>" * 101, "nested deeper"),
        ("csv.decode", '"a', "this is no CSV"),
    ],
)
def test_what_cannot_be_read_says_why(name, text, said):
    with pytest.raises(ActionFailed, match=said):
        call(name, text)
    if not name.startswith("csv"):
        assert call(name.replace("decode", "validate"), text) is False


def test_toml_has_no_null():
    with pytest.raises(ActionFailed, match="knows no null"):
        call("toml.encode", {"a": [None]})


def test_json_is_pretty_when_it_is_asked():
    assert call("json.pretty", {"b": [1], "a": {}}) == '{\n  "a": {},\n  "b": [\n    1\n  ]\n}'


@pytest.mark.parametrize(
    ("rows", "options", "text"),
    [
        ([["a", 1], ["x,y", True]], {}, 'a,1\n"x,y",true\n'),
        ([{"b": 2, "a": None}], {}, "a,b\n,2\n"),
        ([{"b": 2, "a": 1}], {"columns": ["b"], "delimiter": ";"}, "b\n2\n"),
        ([], {}, ""),
    ],
)
def test_rows_are_csv(rows, options, text):
    assert call("csv.encode", rows, **options) == text


def test_csv_is_rows_by_name_or_lists():
    assert call("csv.decode", "name,n\r\na,1\n\nb,2\n") == [{"name": "a", "n": "1"}, {"name": "b", "n": "2"}]
    assert call("data.parse_csv", "a;1\n", header=False, delimiter=";") == [["a", "1"]]
    with pytest.raises(ActionFailed, match="one character"):
        call("csv.decode", "a", delimiter=",,")


def test_xml_is_elements_of_elements():
    text = '<server port="80" name="a&amp;b"><alias>x &lt; y</alias><off/></server>'
    element = call("xml.decode", text)
    assert element["attributes"] == {"port": "80", "name": "a&b"}
    assert [(child["name"], child["text"]) for child in element["children"]] == [("alias", "x < y"), ("off", "")]
    assert call("xml.decode", call("xml.encode", element)) == element
    for odd in ({"name": "a b"}, {"name": "a", "attributes": {'x="1" y': 1}}):
        with pytest.raises(ActionFailed, match="name"):
            call("xml.encode", odd)


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [("a,b\n1,2\n\n", True), ("", True), ("a,b\n1\n", False), ('a,"b\n', False)],
    ids=["rows", "empty", "a short row", "an open quote"],
)
def test_csv_is_valid_when_all_rows_are_as_long(text, is_valid):
    assert call("csv.validate", text) is is_valid


@pytest.mark.parametrize("kind", ["yaml", "toml", "xml"])
def test_what_is_pretty_always_has_the_name_too(kind):
    value = {"name": "a"}
    assert call(f"{kind}.pretty", value) == call(f"{kind}.encode", value)
