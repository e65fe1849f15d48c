"""Text formats: values as text and back. What a host's own library cannot read, the controller reads for it.

A text that is no such thing is an ActionFailed that says where. JSON, CSV and XML are read here, YAML and TOML by the
controller (verb `convert`): Python has no YAML, and TOML only from 3.11 on.
"""

import json

from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

    Element = dict[str, object]

_MAX_DEPTH = 100


def to_json(value: object, indent: "int | None" = None) -> str:
    """Keys are sorted, as Lua's tables have no order."""
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent, separators=separators)


def from_json(text: str) -> object:
    """The value of a JSON text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        problem = error.msg[0].lower() + error.msg[1:]
        raise ActionFailed(f"this is no JSON: {problem} in line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise ActionFailed("this JSON is nested too deeply") from error


def convert(host: "Host", kind: str, *, text: "str | None" = None, value: object = None) -> object:
    """Let the controller read `text`, or write `value`. kind: yaml or toml."""
    asked = {"format": kind}  # type: dict[str, object]
    asked.update({"value": value} if text is None else {"text": text})
    answer = host.ask("convert", asked)
    wanted = "text" if text is None else "value"
    if not isinstance(answer, dict) or wanted not in answer:
        raise ActionFailed(f"{kind}: the controller's answer is not understood")
    return answer[wanted]


def from_csv(text: str, header: bool, delimiter: str) -> "list[object]":
    """Rows as tables by the names of the first line, or as lists."""
    import csv
    import io

    _check_delimiter(delimiter)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ActionFailed(f"this is no CSV: {error}") from error
    rows = [row for row in rows if row]
    if not header:
        return list(rows)
    return [dict(zip(rows[0], row)) for row in rows[1:]] if rows else []


def to_csv(rows: "list[object]", columns: "list[str] | None", delimiter: str) -> str:
    """The text of rows; those that are tables get a first line of names."""
    import csv
    import io

    _check_delimiter(delimiter)
    names = columns or sorted({str(name) for row in rows if isinstance(row, dict) for name in row})
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    if names:
        writer.writerow(names)
    for row in rows:
        if isinstance(row, dict):
            writer.writerow([_cell(row.get(name)) for name in names])
        elif isinstance(row, list):
            writer.writerow([_cell(one) for one in row])
        else:
            raise ActionFailed(f"csv: a row is a table, not {row!r}")
    return out.getvalue()


def _check_delimiter(delimiter: str) -> None:
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ActionFailed(f"csv: a delimiter is one character, not {delimiter!r}")


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return to_json(value) if isinstance(value, (dict, list)) else value


def from_xml(text: str) -> "Element":
    """An element as {name, attributes, text, children}. A document type is refused: its entities can fill a memory."""
    from xml.parsers import expat

    tree, parser = _Tree(), expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = tree.begin, tree.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = tree.add_text, tree.refuse
    try:
        parser.Parse(text, True)  # noqa: FBT003 - it takes no names
    except expat.ExpatError as error:
        raise ActionFailed(f"this is no XML: {error}") from error
    return tree.top


class _Tree:
    """What has been read of a document. Elements that are open get what comes."""

    def __init__(self) -> None:
        self.top = {}  # type: Element
        self._open = []  # type: list[Element]
        self._children = []  # type: list[list[Element]]

    def begin(self, name: str, attributes: "dict[str, str]") -> None:
        """A new element, in the last that is open."""
        if len(self._open) >= _MAX_DEPTH:
            raise ActionFailed(f"this XML is nested deeper than {_MAX_DEPTH} levels")
        children = []  # type: list[Element]
        element = {"name": name, "attributes": attributes, "text": "", "children": children}  # type: Element
        if self._open:
            self._children[-1].append(element)
        else:
            self.top = element
        self._open.append(element)
        self._children.append(children)

    def end(self, _name: str) -> None:
        """The last element is complete."""
        self._children.pop()
        element = self._open.pop()
        element["text"] = str(element["text"]).strip()

    def add_text(self, data: str) -> None:
        """Text of the last element."""
        self._open[-1]["text"] = str(self._open[-1]["text"]) + data

    def refuse(self, *_: object) -> None:
        """What a document must not have."""
        raise ActionFailed("XML with a document type is not read")


def to_xml(element: "Element", indent: int = 0) -> str:
    """The text of what from_xml gives; attributes, text and children may be missing."""
    from xml.sax.saxutils import escape, quoteattr

    name, attributes, children = element.get("name"), element.get("attributes") or {}, element.get("children") or []
    if not isinstance(name, str) or not _is_xml_name(name):
        raise ActionFailed(f"xml: an element wants a name, not {name!r}")
    assert isinstance(attributes, dict)
    assert isinstance(children, list)
    if indent >= _MAX_DEPTH:
        raise ActionFailed(f"xml: nested deeper than {_MAX_DEPTH} levels")
    odd = next((str(key) for key in attributes if not _is_xml_name(str(key))), None)
    if odd is not None:
        raise ActionFailed(f"xml: {odd!r} is no name of an attribute")
    said = "".join(f" {key}={quoteattr(str(value))}" for key, value in sorted(attributes.items()))
    margin, text = "  " * indent, escape(str(element.get("text") or ""))
    if not children:
        return f"{margin}<{name}{said}>{text}</{name}>\n" if text else f"{margin}<{name}{said}/>\n"
    inside = "".join(to_xml(dict(child), indent + 1) for child in children)
    return f"{margin}<{name}{said}>{text}\n{inside}{margin}</{name}>\n"


def _is_xml_name(name: str) -> bool:
    import re

    return re.match(r"^[^\W\d][\w.:-]*$", name) is not None
