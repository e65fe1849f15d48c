"""crypto: sums and encodings as everybody knows them; what is random is so."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed
from tests.doubles import real_host


def call(name: str, *args: object, **named: object) -> Any:
    action = Catalog().find("crypto", name)
    return action.function(real_host(), **action.bind(args, named))


@pytest.mark.parametrize(
    ("name", "args", "result"),
    [
        ("md5", ["hello"], "5d41402abc4b2a76b9719d911017c592"),
        ("sha1", ["hello"], "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
        ("sha256", ["hello"], "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
        ("hmac", ["key", "hello"], "9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b"),
        ("base64_encode", ["Grüße"], "R3LDvMOfZQ=="),
        ("base64_decode", ["R3LDvM\nOfZQ=="], "Grüße"),
        ("base64_decode", ["_-8="], "\udcff\udcef"),
        ("hex_encode", ["hi"], "6869"),
        ("hex_decode", ["6869\n"], "hi"),
    ],
)
def test_sums_and_encodings(name, args, result):
    assert call(name, *args) == result


@pytest.mark.parametrize(("name", "text"), [("base64_decode", "abc"), ("hex_decode", "xy")])
def test_what_is_no_encoding_is_named(name, text):
    with pytest.raises(ActionFailed, match="this is no"):
        call(name, text)


def test_what_is_random_differs_and_has_its_shape():
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", call("uuid"))
    assert re.fullmatch("[0-9a-f]{8}", call("random", 4))
    assert re.fullmatch("[A-Za-z0-9]{24}", call("password"))
    assert set(call("password", length=4096, symbols=True)) > set("!@_")
    for name in ("uuid", "random", "password"):
        assert call(name) != call(name)
    with pytest.raises(ActionFailed, match="from 1 to"):
        call("random", 0)


def test_a_password_is_hashed_as_shadow_has_it_and_stays_out_of_argv():
    said = call("password_hash", "x", "abc")
    assert said == "$6$abc$K4v3HcZ8yAmpRfxML6S46NCcqy9r4/KdbQpFvqSWsBf4dgySOEOo1DHJTrmn2BsJK2aNmPN8Tfb826D2o9.z51"
    assert call("password_hash", "x") != call("password_hash", "x")
    for bad in (["x", "a$b"], ["two\nlines", "abc"]):
        with pytest.raises(ActionFailed):
            call("password_hash", *bad)
