"""Templates (Jinja2), rendered by the controller with all that this host sees."""

import re

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed, BadArguments

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_MARKS = re.compile(r"\{[{%#]|\n")


@action(query=True, synonyms={"template": ("string", "content"), "src": ("file", "path"), "vars": ("values", "data")})
def render(
    host: "Host",
    *,
    template: "str | None" = None,
    vars: "dict[str, object] | None" = None,  # noqa: A002 - the name that users write
    src: "str | None" = None
) -> str:
    """Render a template and return the text.

    template: the template itself, or (when it has no `{{`, `{%` or newline) the path of its file
    vars: variables beside those that the host has
    src: the path of the template's file, relative to the workflow's or role's templates

    example: local text = template.render("nginx.conf.j2", { port = 8080 })
    example: local greeting = template.render("hello {{ name }}", { name = "world" })
    """
    if (template is None) == (src is None):
        raise BadArguments("template.render: give either template or src")
    is_text = template is not None and _MARKS.search(template) is not None
    answer = host.ask("template", {"text" if is_text else "src": template or src, "vars": vars or {}})
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise ActionFailed("template.render: the controller's answer is not understood")
    return str(answer["text"])
