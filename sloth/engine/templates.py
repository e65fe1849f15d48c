"""Templates, rendered on the controller: Jinja2 in its sandbox, and nothing undefined goes unnoticed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sloth.core.errors import TemplateError
from sloth.core.near import near
from sloth.engine.files import Search, look

LIMIT = 8 << 20
_BLOCK = 256  # parts that are looked at together: a part is a word or a line

_FILTER = re.compile(r"No filter named '(.+)'\.?")

if TYPE_CHECKING:
    from jinja2 import TemplateNotFound, TemplateSyntaxError
    from jinja2.sandbox import SandboxedEnvironment


class Blocks(Struct, frozen=True):
    """What becomes of a block's line: trim drops the newline behind it, lstrip the blanks before it.

    The defaults are Ansible's, whose templates people bring along.
    """

    trim: bool = True
    lstrip: bool = False


BLOCKS = Blocks()


class Templates:
    """Renders files found on a search path, and plain text. Compiled templates are kept for the run."""

    def __init__(self) -> None:
        self._environments: dict[tuple[Search, Blocks], SandboxedEnvironment] = {}
        self._texts: dict[tuple[str, Search], str] = {}
        self._lock = threading.Lock()

    def render_file(
        self, name: str, search: Search, variables: Mapping[str, object], blocks: Blocks = BLOCKS
    ) -> str:
        """Render the first file of that name on the search path. Raises TemplateError with template and line."""
        from jinja2 import TemplateNotFound

        environment = self._environment(search, blocks)
        try:
            template = environment.get_template(name)
        except TemplateNotFound as error:
            raise TemplateError(_missing(error, search)) from error
        except _syntax_errors() as error:
            raise _refused(error, environment, name) from error
        return self._render(template, search, variables)

    def text_of(self, name: str, search: Search) -> str:
        """The text of a template and of all that it includes by name; without what cannot be found or read."""
        if (name, search) not in self._texts:
            self._texts[name, search] = self._read_all(name, search)
        return self._texts[name, search]

    def _read_all(self, name: str, search: Search) -> str:
        from jinja2 import TemplateSyntaxError, meta

        found: dict[str, str] = {}
        waiting: list[str | None] = [name]
        while waiting:
            one = waiting.pop()
            source = None if one is None or one in found else _source(one, search)
            if one is not None and source is not None:
                found[one] = source[0]
                with suppress(TemplateSyntaxError):  # who renders it is told
                    waiting += meta.find_referenced_templates(self._environment(search).parse(source[0]))
        return "\n".join(found.values())

    def render_text(self, text: str, search: Search, variables: Mapping[str, object]) -> str:
        """Render a string; its includes come from the search path."""
        environment = self._environment(search)
        try:
            template = environment.from_string(text)
        except _syntax_errors() as error:
            raise _refused(error, environment, "<string>") from error
        return self._render(template, search, variables)

    def _render(self, template: Any, search: Search, variables: Mapping[str, object]) -> str:
        from jinja2 import TemplateError as JinjaError
        from jinja2 import TemplateNotFound, UndefinedError

        try:
            return _bounded(template.generate(variables))
        except UndefinedError as error:
            raise TemplateError(
                f"{error.message}",
                where=_position(error.__traceback__, template),
                hint="define it in the inventory, the workflow's variables or the call's vars, or give it a default",
            ) from error
        except TemplateNotFound as error:
            raise TemplateError(_missing(error, search), where=_position(error.__traceback__, template)) from error
        except _syntax_errors() as error:  # of what it includes
            raise _refused(error, template.environment, str(template.filename)) from error
        except RecursionError as error:
            raise TemplateError("it includes itself without end", where=f"{template.filename or '<string>'}") from error
        except (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise TemplateError(f"{error}", where=_position(error.__traceback__, template)) from error

    def _environment(self, search: Search, blocks: Blocks = BLOCKS) -> SandboxedEnvironment:
        from jinja2 import FunctionLoader, StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        with self._lock:
            if (search, blocks) not in self._environments:
                self._environments[search, blocks] = SandboxedEnvironment(
                    loader=FunctionLoader(lambda name: _source(name, search)),
                    undefined=StrictUndefined,
                    keep_trailing_newline=True,
                    trim_blocks=blocks.trim,
                    lstrip_blocks=blocks.lstrip,
                    auto_reload=False,
                )
            return self._environments[search, blocks]


def _bounded(parts: Iterable[str]) -> str:
    """The rendered text, up to what a frame can carry."""
    text, size, left = [], 0, iter(parts)
    while block := list(islice(left, _BLOCK)):
        text.append("".join(block))
        size += len(text[-1])
        if size > LIMIT:
            raise ValueError(f"it renders to more than {LIMIT >> 20} MiB")
    return "".join(text)


def _source(name: str, search: Search) -> tuple[str, str, None] | None:
    """A template or what it includes, for Jinja. A host may send text that includes: the rules for files hold here."""
    path = look(name, search)
    if path is None or not path.is_file():
        return None
    try:
        return path.read_text(encoding="utf-8"), str(path), None
    except UnicodeDecodeError as error:
        raise TemplateError(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise TemplateError(f"cannot read {path}: {error.strerror}") from error


def _syntax_errors() -> Any:
    from jinja2 import TemplateSyntaxError

    return TemplateSyntaxError


def _missing(error: TemplateNotFound, search: Search) -> str:
    return f"there is no template {error.name!r} in {', '.join(map(str, search.folders))}"


def _refused(error: TemplateSyntaxError, environment: SandboxedEnvironment, name: str) -> TemplateError:
    """What does not parse, or asks for a filter that Jinja2 does not have: Ansible has some of its own."""
    found = _FILTER.fullmatch(error.message or "")
    hint = ""
    if found:
        own = "there are those of Jinja2; make another value in the task, and hand it over in vars"
        hint = near(found[1], environment.filters) or own
    return TemplateError(f"{error.message}".rstrip("."), where=f"{error.filename or name}:{error.lineno}", hint=hint)


def _position(traceback: TracebackType | None, template: Any) -> str:
    """file:line of the innermost frame that is a template's."""
    found = f"{template.filename or '<string>'}"
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if "__jinja_exception__" in traceback.tb_frame.f_globals:  # a frame that Jinja made for a template
            found = f"{code.co_filename.replace('<template>', '<string>')}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found
