"""Laws of rendering: the controller is asked, what it says comes back."""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import template
from tests.doubles import real_host


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        pytest.param({"template": "a {{ b }}"}, {"text": "a {{ b }}", "vars": {}}, id="text by its marks"),
        pytest.param({"template": "two\nlines"}, {"text": "two\nlines", "vars": {}}, id="text by its lines"),
        pytest.param({"template": "a.j2", "vars": {"b": 1}}, {"src": "a.j2", "vars": {"b": 1}}, id="path"),
        pytest.param({"src": "{{odd}}.j2"}, {"src": "{{odd}}.j2", "vars": {}}, id="named path"),
    ],
)
def test_the_controller_renders(arguments, question):
    asked = []

    def ask(verb, arguments):
        asked.append((verb, arguments))
        return {"text": "rendered"}

    host = real_host(ask=ask)
    assert template.render(host, **arguments) == "rendered"
    assert asked == [("template", question)]
    assert not host.changes


@pytest.mark.parametrize("arguments", [{}, {"template": "a", "src": "b"}], ids=["neither", "both"])
def test_one_template_is_wanted(arguments):
    with pytest.raises(BadArguments, match="either"):
        template.render(real_host(), **arguments)


def test_an_answer_that_is_no_text_is_a_failure():
    with pytest.raises(ActionFailed, match="not understood"):
        template.render(real_host(ask=lambda *_: None), template="a")
