"""strings: texts by characters, as their authors see them."""

from __future__ import annotations

import pytest

from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed
from tests.doubles import FakeHost


def call(name: str, *args: object) -> object:
    action = Catalog().find("strings", name)
    return action.function(FakeHost({}), **action.bind(args, {}))


@pytest.mark.parametrize(
    ("name", "args", "result"),
    [
        ("upper", ["größe"], "GRÖSSE"),
        ("capitalize", ["front PAGE"], "Front PAGE"),
        ("trim", ["  x \n"], "x"),
        ("trim", ["--x-", "-"], "x"),
        ("trim_left", ["  x "], "x "),
        ("trim_right", ["  x "], "  x"),
        ("trim_prefix", ["v1.2", "v"], "1.2"),
        ("trim_suffix", ["a.conf", ""], "a.conf"),
        ("trim_suffix", ["a.conf", ".conf"], "a"),
        ("starts_with", ["# x", "#"], True),
        ("ends_with", ["x.gz", ".xz"], False),
        ("contains", ["all ready", "ready"], True),
        ("count", ["a,b,c", ","], 2),
        ("index", ["key=value", "="], 4),
        ("index", ["key", "="], None),
        ("length", ["Grüße"], 5),
        ("reverse", ["äb"], "bä"),
        ("is_empty", [" \n"], True),
        ("lines", ["a\r\nb\n"], ["a", "b"]),
        ("words", [" a  b "], ["a", "b"]),
        ("substring", ["Grüße", 1, 3], "Grü"),
        ("substring", ["Grüße", 4], "ße"),
        ("indent", ["a\n\nb", 2], "  a\n\n  b"),
        ("quote", ["it's"], "'it'\"'\"'s'"),
        ("slug", ["Grüne  Äpfel!"], "grune-apfel"),
        ("snake_case", ["maxOpenFiles2"], "max_open_files_2"),
        ("kebab_case", ["HTTP server_name"], "http-server-name"),
        ("camel_case", ["max_open-files"], "maxOpenFiles"),
        ("matches", ["v1.2", r"^v\d"], True),
        ("pad_left", ["7", 3, "0"], "007"),
        ("pad_right", ["ab", 3], "ab "),
        ("center", ["x", 3], " x "),
        ("truncate", ["abcdef", 4], "abc…"),
        ("truncate", ["abcdef", 1, "..."], "."),
        ("truncate", ["abc", 3], "abc"),
        ("replace", ["a.b.c", ".", "-"], "a-b-c"),
        ("replace", ["a.b.c", ".", "-", 1], "a-b.c"),
        ("replace_pattern", ["v1.2-rc3", r"-rc(\d+)$", r"~\1"], "v1.2~3"),
        ("split", ["a,b"], ["a", "b"]),
        ("split", ["a=b=c", "=", 1], ["a", "b=c"]),
        ("split", ["ab", ""], ["a", "b"]),
        ("join", [["a", 1], "-"], "a-1"),
        ("rep", ["ab", 2], "abab"),
    ],
)
def test_a_text_becomes_another(name, args, result):
    assert call(name, *args) == result


@pytest.mark.parametrize(
    ("name", "args", "said"),
    [
        ("matches", ["x", "("], "no regular expression"),
        ("replace_pattern", ["x", "x", r"\1"], "invalid group reference"),
        ("pad_left", ["x", 3, "ab"], "fill is one character"),
        ("pad_left", ["x", 1 << 30], "a width of"),
        ("rep", ["x", 1 << 30], "that would be"),
    ],
)
def test_what_makes_no_sense_is_named(name, args, said):
    with pytest.raises(ActionFailed, match=said):
        call(name, *args)
