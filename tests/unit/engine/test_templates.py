"""Templates on the controller: what renders, what is refused, and where an error is.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.core.errors import AnswerError, TemplateError
from sloth.engine.files import Search
from sloth.engine.templates import Blocks, Templates


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.j2").write_text("# {{ n }}\n{% for i in range(2) %}\nline {{ i }}\n{% endfor %}\n")
    (tmp_path / "undefined.j2").write_text("first\nport {{ port }}\n")
    (tmp_path / "deep.j2").write_text("a\nb {{ web.tls.port }}\n")
    (tmp_path / "broken.j2").write_text("first\n\n{% if x %}\n")
    (tmp_path / "filter.j2").write_text("a\n{{ 1 | to_json }}\n")
    (tmp_path / "lost.j2").write_text("a\n{% include 'gone.j2' %}\n")
    (tmp_path / "around.j2").write_text("{% include 'broken.j2' %}\n")
    (tmp_path / "outer.j2").write_text("outer\n{% include 'undefined.j2' %}\n")
    return tmp_path


def render(folder: Path, name: str, **variables: object) -> str:
    return Templates().render_file(name, Search((folder,), lambda path: True), variables)


def test_25_blocks_leave_no_empty_lines_and_the_last_newline_stays(folder):
    assert render(folder, "good.j2", n=7) == "# 7\nline 0\nline 1\n"


@pytest.mark.parametrize(
    ("name", "variables", "said", "line"),
    [
        pytest.param("undefined.j2", {}, "'port' is undefined", "undefined.j2:2", id="name"),
        pytest.param("deep.j2", {"web": {}}, "has no attribute 'tls'", "deep.j2:2", id="attribute"),
        pytest.param("outer.j2", {}, "'port' is undefined", "undefined.j2:2", id="included"),
        pytest.param("broken.j2", {}, "end of template|endif", "broken.j2:3", id="syntax"),
        pytest.param("around.j2", {}, "end of template|endif", "broken.j2:3", id="syntax of what is included"),
        pytest.param("lost.j2", {}, "there is no template 'gone.j2' in /", "lost.j2:2", id="nothing to include"),
        pytest.param("filter.j2", {}, "No filter named 'to_json'", "filter.j2:2", id="a filter of Ansible's"),
    ],
)
def test_25_an_error_names_variable_template_and_line(folder, name, variables, said, line):
    with pytest.raises(TemplateError, match=said) as caught:
        render(folder, name, **variables)
    assert caught.value.where == f"{folder}/{line}"


@pytest.mark.parametrize(("name", "hint"), [("to_json", "did you mean 'tojson'?"), ("of_another_tool", "those of Jinja2")])
def test_a_filter_that_jinja_does_not_have_comes_with_a_hint(folder, name, hint):
    with pytest.raises(TemplateError) as caught:
        Templates().render_text("{{ 1 | " + name + " }}", Search((folder,), lambda path: True), {})
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("blocks", "rendered"),
    [
        pytest.param(Blocks(), "a\n    b\n  c\n\n", id="as in Ansible"),
        pytest.param(Blocks(lstrip=True), "a\n  b\nc\n\n", id="lstrip"),
        pytest.param(Blocks(trim=False), "a\n  \n  b\n  \nc\n\n", id="no trim"),
        pytest.param(Blocks(trim=False, lstrip=True), "a\n\n  b\n\nc\n\n", id="lstrip, no trim"),
    ],
)
def test_25_lines_of_blocks_are_trimmed_as_is_asked(folder, blocks, rendered):
    (folder / "blocks.j2").write_text("a\n  {% if true %}\n  b\n  {% endif %}\nc\n\n")
    search = Search((folder,), lambda path: True)
    assert Templates().render_file("blocks.j2", search, {}, blocks) == rendered


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{% include 'inner.j2' %}", id="include"),
        pytest.param("{% from 'macros.j2' import say with context %}{{ say() }}", id="import with context"),
        pytest.param("{% extends 'base.j2' %}{% block body %}port {{ port }}{% endblock %}", id="extends"),
    ],
)
def test_25_what_a_template_brings_in_sees_its_variables(folder, text):
    (folder / "inner.j2").write_text("port {{ port }}")
    (folder / "macros.j2").write_text("{% macro say() %}port {{ port }}{% endmacro %}")
    (folder / "base.j2").write_text("{% block body %}{% endblock %}")
    (folder / "outer.j2").write_text(text)
    assert render(folder, "outer.j2", port=80) == "port 80"


@pytest.mark.parametrize("name", ["é ü.j2", "'\"$`.j2", "-rf.j2", "a{{ b }}.j2"])
def test_25_any_name_of_a_template_will_do(folder, name):
    (folder / name).write_text("{{ n }}")
    assert render(folder, name, n=1) == "1"


def test_a_missing_template_says_where_it_was_looked_for(folder):
    with pytest.raises(TemplateError, match=f"no template 'nothing.j2' in {folder}"):
        render(folder, "nothing.j2")


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ f.__globals__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self.__dict__ }}",
    ],
)
def test_the_sandbox_refuses_what_leads_out(folder, text):
    with pytest.raises(TemplateError):
        Templates().render_text(text, Search((folder,), lambda path: True), {"f": render})


def test_values_are_never_rendered_again(folder):
    assert (
        Templates().render_text("{{ x }}", Search((folder,), lambda path: True), {"x": "{{ 7 * 7 }}"}) == "{{ 7 * 7 }}"
    )


@pytest.mark.parametrize(
    "name", ["group_vars/all.yml", "inventory/hosts.yml", ".git/config", "../outside", "/etc/passwd"]
)
@pytest.mark.parametrize(
    "form", ["{{% include '{}' %}}", "{{% include '{}' ignore missing %}}", "{{% import '{}' as x %}}"]
)
def test_what_no_host_may_have_cannot_be_included_either(folder, name, form):
    for private in ("group_vars", "inventory", ".git"):
        (folder / private).mkdir()
    (folder / "group_vars/all.yml").write_text("password: secret\n")
    (folder / "inventory/hosts.yml").write_text("password: secret\n")
    (folder / ".git/config").write_text("password: secret\n")
    with pytest.raises(AnswerError, match=r"hidden files, inventories|only paths below"):
        Templates().render_text(form.format(name), Search((folder,), lambda path: True), {})


def test_an_include_that_may_be_missing_may_be_missing(folder):
    assert (
        Templates().render_text("a{% include 'nothing.j2' ignore missing %}b", Search((folder,), lambda path: True), {})
        == "ab"
    )


def test_a_template_that_is_no_text_is_named(folder):
    (folder / "image.png").write_bytes(b"\xff\xfe")
    with pytest.raises(TemplateError, match=r"image\.png is not UTF-8 text"):
        render(folder, "image.png")


def test_what_a_template_renders_to_is_bounded(folder):
    with pytest.raises(TemplateError, match="renders to more than"):
        Templates().render_text(
            "{% for i in range(99999) %}{{ x }}{% endfor %}", Search((folder,), lambda path: True), {"x": "x" * 1000}
        )


def test_parts_that_are_empty_end_nothing(folder):
    (folder / "gaps.j2").write_text("{% for i in range(n) %}{{ nothing }}{% endfor %}end\n")
    assert render(folder, "gaps.j2", n=5000, nothing="") == "end\n"


def test_a_template_that_includes_itself_is_named(folder):
    (folder / "round.j2").write_text("{% include 'round.j2' %}")
    with pytest.raises(TemplateError, match="includes itself without end") as caught:
        render(folder, "round.j2")
    assert caught.value.where == str(folder / "round.j2")
