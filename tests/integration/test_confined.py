"""Text of a host is rendered by a process of its own, and eats up neither memory nor time."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.core.errors import TemplateError
from sloth.engine import confined
from sloth.engine.files import Search


def test_text_of_a_host_is_rendered_like_any_other(tmp_path: Path):
    search = Search((tmp_path,), lambda path: False)
    assert confined.render("{{ a }} {{ facts.os }}", search, {"a": 1, "facts": {"os": "debian"}}) == "1 debian"
    with pytest.raises(TemplateError, match="'x' is undefined"):
        confined.render("{{ x }}", search, {})


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param('{{ "x" * 10 ** 10 }}', id="memory"),
        pytest.param("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", id="time"),
        pytest.param(
            '{% set n = namespace(x="x") %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}', id="doubling"
        ),
    ],
)
def test_text_of_a_host_cannot_eat_up_the_controller(tmp_path, bomb):
    with pytest.raises(TemplateError):
        confined.render(bomb, Search((tmp_path,), lambda path: False), {}, seconds=1)


def test_no_module_of_the_folder_that_we_are_in_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "jinja2.py").write_text("raise SystemExit('a module of a workflow runs on the controller')")
    monkeypatch.chdir(tmp_path)
    assert confined.render("{{ a }}", Search((tmp_path,), lambda path: False), {"a": 1}) == "1"
