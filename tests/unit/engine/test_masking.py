"""No secret is seen, however it is written and wherever it is cut; what is no secret is left alone."""

from __future__ import annotations

import base64
import html
import itertools
import json
import shlex
import threading
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sloth.core.errors import SecretsError
from sloth.core.events import Event, HostUnreachable, LogLine, Notice, RunFinished, TaskFinished, TaskOutput
from sloth.core.sealed import MASK
from sloth.engine.masking import Flow, Mask

WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 inside": lambda text: base64.b64encode(f"user:{text}@".encode()).decode(),
    "base64 inside, later": lambda text: base64.b64encode(f"users:{text}@".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "URL": lambda text: urllib.parse.quote(text, safe=""),
    "URL path": urllib.parse.quote,
    "form": urllib.parse.quote_plus,
    "JSON": json.dumps,
    "JSON in Unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"a": text})),
    "shell": shlex.quote,
    "Python": repr,
    "HTML": html.escape,
    "hexadecimal": lambda text: text.encode().hex(),
}
SECRETS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="*"), min_size=8, max_size=60).filter(
    lambda text: text == text.strip()
)


def mask(*values: str) -> Mask:
    found = Mask()
    for value in values:
        found.add(value)
    return found


@pytest.mark.parametrize("way", WRITTEN)
@given(secret=SECRETS)
def test_however_a_secret_is_written_it_is_not_seen(way: str, secret: str):
    written = WRITTEN[way](secret)
    shown = mask(secret).text(f"before {written} after")
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert secret not in shown
    assert MASK in shown
    # of a longer text in base64, the characters that neighbours have a part in may stay
    assert len(shown.replace(MASK, "")) - len("before  after") <= len(written) - len(WRITTEN[way](secret.strip())) + 16


@example(secrets=["00000000"], between=["00000000", "", "", "", "", "00000000"], cuts=[])
@given(
    secrets=st.lists(SECRETS, min_size=1, max_size=5),
    between=st.lists(st.text(max_size=20), min_size=6, max_size=6),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)
def test_output_that_comes_in_pieces_shows_no_secret_at_its_cuts(secrets, between, cuts):
    text = "".join(f"{gap}{secret}" for gap, secret in zip(between, secrets, strict=False)) + between[-1]
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    flow = Flow(mask(*secrets))
    seen: list[Event] = []
    for start, end in itertools.pairwise(places):
        seen += flow.events(TaskOutput("h", "t", "stdout", text[start:end]))
    seen += flow.events(TaskFinished("h", "t", "ok"))
    shown = "".join(event.text for event in seen if isinstance(event, TaskOutput))
    assert not [secret for secret in secrets if secret in shown]
    assert isinstance(seen[-1], TaskFinished)  # what was held back comes before it


def test_what_two_tasks_say_is_not_put_together():
    flow = Flow(mask("s3cret-value"))
    seen = [
        *flow.events(TaskOutput("h", "a", "stdout", "see s3cret-")),
        *flow.events(TaskOutput("h", "b", "stdout", "value")),
        *flow.events(TaskFinished("h", "a", "ok")),
    ]
    assert [event.text for event in seen if isinstance(event, TaskOutput)] == ["see ", "value", "s3cret-"]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(LogLine("h", "t", "info", "S"), id="log"),
        pytest.param(Notice("S", "h"), id="notice"),
        pytest.param(HostUnreachable("h", "refused", "S", "S"), id="unreachable"),
        pytest.param(
            TaskFinished(
                "h", "t", "failed", "S", {"S": ["S", {"a": "S"}]}, ["S"], [{"path": "S", "text": "+S"}],
                failure={"error": "S", "stdout": "S", "traceback": "S"},
            ),
            id="task",
        ),
        pytest.param(RunFinished("1", "w", {}, 0, 1.0, {"h": {"a": "S"}}), id="run"),
    ],
)  # fmt: skip
def test_no_part_of_an_event_shows_a_secret(event: Event):
    secret = "s3cret-value"
    planted = eval(repr(event).replace("'S'", repr(secret)).replace("+S", f"+{secret}"))
    [shown] = Flow(mask(secret)).events(planted)
    assert secret in repr(planted)
    assert secret not in repr(shown)
    assert type(shown) is type(event)


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        pytest.param("wrong", "wrong", "wrong", id="too short to hide"),
        pytest.param("deploy", "deploy", "deploy", id="a short word"),
        pytest.param("hunter2", "hunter23 is hunter2, hunter2_x", f"hunter23 is {MASK}, hunter2_x", id="short: as a word"),
        pytest.param("pass-12", "xpass-12 pass-123 (pass-12)", f"xpass-12 pass-123 ({MASK})", id="seven: as a word"),
        pytest.param("password", "mypassword1", f"my{MASK}1", id="eight: anywhere"),
    ],
)
def test_short_secrets_make_no_garbage(secret, text, shown):
    assert mask(secret).text(text) == shown


def test_of_a_value_of_several_lines_each_line_is_hidden():
    key = "-----BEGIN KEY-----\n" + "\n".join("QWxhZGRpbjpvcGVuIHNlc2FtZQ" * 2 for _ in range(20)) + "\n-----END KEY-----\n"
    shown = mask(key).text("found: QWxhZGRpbjpvcGVuIHNlc2FtZQQWxhZGRpbjpvcGVuIHNlc2FtZQ in it\n-----BEGIN KEY-----\n")
    assert shown == f"found: {MASK} in it\n-----BEGIN KEY-----\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_the_end_of_a_line_that_a_secret_came_with_stays(end):
    mask = Mask()
    mask.add(f"hunter2-hunter2{end}")
    assert mask.text(f"-a = hunter2-hunter2{end}+b\n") == f"-a = {MASK}{end}+b\n"
    assert mask.text(base64.b64encode(f"hunter2-hunter2{end}".encode()).decode()).rstrip("=") == MASK
    mask.add("abc    \n")
    assert mask.text("abc    \n") == MASK


def test_a_secret_that_is_told_later_is_hidden_from_then_on():
    hidden = mask("first-secret")
    assert hidden.text("first-secret second-secret") == f"{MASK} second-secret"
    hidden.add("second-secret")
    assert hidden.text("first-secret second-secret") == f"{MASK} {MASK}"


def test_of_two_secrets_the_longer_one_is_hidden_whole():
    assert mask("s3cret-value", "s3cret-value-and-more").text("s3cret-value-and-more") == MASK


def test_an_error_and_its_cause_show_nothing():
    secret = "s3cret-value"
    error = SecretsError(f"outer {secret}", where=secret, hint=secret)
    error.__cause__ = ValueError(f"inner {secret}")
    with pytest.raises(SecretsError), mask(secret).errors():
        raise error
    assert secret not in f"{error} {error.where} {error.hint} {error.__cause__!r}"


def test_who_asks_while_a_secret_is_added_sees_it_never():
    hidden = Mask()
    leaks: list[str] = []

    def show(value: str) -> None:
        shown = [hidden.text(f"x {value}") for _ in range(50)]
        leaks.extend(text for text in shown if value in text)

    for number in range(100):
        value = f"secret-number-{number}"
        hidden.add(value)
        threads = [threading.Thread(target=show, args=(value,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not leaks


@pytest.mark.parametrize("secret", ["pass\udcffw\udcf6rd", "pass\ud800word"], ids=["no UTF-8", "no text at all"])
def test_a_secret_that_is_no_utf_8_is_hidden(secret):
    assert mask(secret).text(f"it is {secret}") == f"it is {MASK}"
