"""A module that somebody wrote for a project, read and checked: its actions, or an error that says which line is wrong.

Hosts run it on their own Python, so what that might not have is an error here: syntax after 3.6, and imports at the top
of the file of what neither the standard library nor `sloth.runtime` holds.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from sloth.core.errors import ModuleError
from sloth.runtime.action import CHECKS, COMMON, Action
from sloth.runtime.catalog import collect
from sloth.runtime.coercion import coerce, describe

OLDEST = (3, 6)
_VARIADIC = 0x04 | 0x08  # *args, **kwargs: flags of a code object


def actions_of(name: str, path: Path, text: str) -> dict[str, Action]:
    """The actions of the module in `path`. Raises ModuleError."""
    _check_syntax(path, text)
    module = ModuleType(f"sloth.runtime.modules.{name}")
    module.__file__ = str(path)
    try:
        exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102  # the operator's own code
    except Exception as error:  # whatever an author's module does at import is told with its line
        raise ModuleError(
            f"the module cannot be imported: {type(error).__name__}: {error}", where=_line_in(path, error)
        ) from error
    marked = [value for value in vars(module).values() if hasattr(value, "__sloth_action__")]
    if not marked:
        raise ModuleError(
            "the module has no action", where=str(path),
            hint="mark its functions: `from sloth.runtime.action import action`, then @action above each",
        )  # fmt: skip
    for function in marked:
        _check_signature(function, path)
    return collect(module, name)


def _check_syntax(path: Path, text: str) -> None:
    try:
        tree = ast.parse(text, str(path), feature_version=OLDEST)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise ModuleError(
            f"this is no Python that every host understands: {getattr(error, 'msg', error)}",
            where=f"{path}:{line}" if line else str(path),
            hint=f"hosts run it with their own Python, from {'.'.join(map(str, OLDEST))} on",
        ) from error
    for name, line in _imported(tree):
        top, _, rest = name.partition(".")
        if not (top in sys.stdlib_module_names or (top == "sloth" and rest.split(".")[0] == "runtime")):
            raise ModuleError(
                f"it imports {name or 'its own folder'}, which hosts do not have", where=f"{path}:{line}",
                hint="a module is one file, with the standard library and sloth.runtime; "
                "import what a host has to bring inside the action",
            )  # fmt: skip


def _imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What the file imports at its top; what stands under an `if` is for type checkers."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield ("" if node.level else node.module or ""), node.lineno


def _line_in(path: Path, error: BaseException) -> str:
    """The last line of the file that the error went through."""
    where, trace = str(path), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            where = f"{path}:{trace.tb_lineno}"
        trace = trace.tb_next
    return where


def _check_signature(function: Callable[..., object], path: Path) -> None:
    code = getattr(function, "__code__", None)
    if code is None:
        raise ModuleError(f"@action marks {function!r}, which is no function", where=str(path))
    where, name = f"{path}:{code.co_firstlineno}", function.__name__

    def wrong(text: str, hint: str = "") -> ModuleError:
        return ModuleError(f"action {name}: {text}", where=where, hint=hint)

    if code.co_argcount != 1 or code.co_flags & _VARIADIC:
        raise wrong(
            "its signature is not `host` and then keyword-only parameters", f"def {name}(host, *, name: str) -> None:"
        )
    parameters = code.co_varnames[1 : 1 + code.co_kwonlyargcount]
    for parameter in parameters:
        if parameter in COMMON:
            raise wrong(f"every call takes {parameter}, so no action can", "give the parameter another name")
        if parameter not in function.__annotations__:
            raise wrong(f"{parameter} has no type", f'write `{parameter}: str`, or `{parameter}: "list[str]"`')
        annotation = function.__annotations__[parameter]
        type_ = annotation.__name__ if isinstance(annotation, type) else str(annotation)
        if not _is_known(type_):
            raise wrong(f"{parameter} has the type {type_}, which no call can bind", "docs/modules.md lists the types")
    _check_marks(function, parameters, wrong)


def _check_marks(
    function: Callable[..., object], parameters: tuple[str, ...], wrong: Callable[[str], ModuleError]
) -> None:
    marks = function.__sloth_action__  # type: ignore[attr-defined]  # set by @action
    taken = {*parameters, *COMMON}
    for parameter, others in marks.synonyms.items():
        if parameter not in parameters:
            raise wrong(f"synonyms are given for {parameter}, which is no parameter")
        for other in others:
            if other in taken:
                raise wrong(f"{other} is a synonym of {parameter} and something else as well")
            taken.add(other)
    if marks.check not in CHECKS:
        raise wrong(f"check is {marks.check!r}, and it takes {', '.join(CHECKS)}")
    if marks.rest and marks.rest not in parameters:
        raise wrong(f"rest names {marks.rest}, which is no parameter")


def _is_known(type_: str) -> bool:
    """Whether values can be bound to an annotation: words it is made of are looked up when it is used."""
    for sample in (object(), [object()], {"name": object()}):
        try:
            describe(type_)
            coerce(type_, sample)
        except ValueError:
            continue
        except (KeyError, IndexError):
            return False
    return True
