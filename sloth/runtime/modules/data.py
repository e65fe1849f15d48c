"""Tables of tables: read, merged, looked into. Needs no host: also at the top level of a file.

`data.parse_json` and its like are what json, yaml, toml, csv and xml have as decode and encode.
"""

from sloth.runtime import formats
from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

    Table = dict[str, object]


@action(query=True)
def parse_json(host: "Host", *, text: str) -> object:
    """The value of a JSON text, or nil and what is wrong with it.

    text: the JSON

    example: local status = data.parse_json(exec.run("lsblk --json"))
    """
    return formats.from_json(text)


@action(query=True)
def to_json(host: "Host", *, value: object = None) -> str:
    """A value as JSON on one line, its keys sorted.

    value: what to write

    example: local text = data.to_json({ port = 8080 })
    """
    return formats.to_json(value)


@action(query=True)
def parse_yaml(host: "Host", *, text: str) -> object:
    """The value of a YAML text, or nil and what is wrong with it.

    text: the YAML, of at most 1 MiB

    example: local settings = data.parse_yaml(fs.read("/etc/app.yaml"))
    """
    return formats.convert(host, "yaml", text=text)


@action(query=True)
def to_yaml(host: "Host", *, value: object = None) -> str:
    """A value as YAML, its keys sorted.

    value: what to write

    example: local text = data.to_yaml({ port = 8080 })
    """
    return str(formats.convert(host, "yaml", value=value))


@action(query=True)
def parse_toml(host: "Host", *, text: str) -> object:
    """The value of a TOML text, or nil and what is wrong with it.

    text: the TOML, of at most 1 MiB

    example: local settings = data.parse_toml(fs.read("/etc/app.toml"))
    """
    return formats.convert(host, "toml", text=text)


@action(query=True)
def to_toml(host: "Host", *, value: "dict[str, object]") -> str:
    """A table as TOML, its keys sorted.

    value: what to write

    example: local text = data.to_toml({ port = 8080 })
    """
    return str(formats.convert(host, "toml", value=value))


@action(query=True)
def parse_csv(host: "Host", *, text: str, header: bool = True, delimiter: str = ",") -> "list[object]":
    """The rows of a CSV text, or nil and what is wrong with it.

    text: the CSV
    header: whether the first line has names: rows are tables then, and lists otherwise
    delimiter: what stands between two values

    example: local rows = data.parse_csv(fs.read("users.csv"))
    """
    return formats.from_csv(text, header, delimiter)


@action(query=True)
def parse_xml(host: "Host", *, text: str) -> "dict[str, object]":
    """The element of an XML text (name, attributes, text, children), or nil and what is wrong with it.

    text: the XML

    example: local project = data.parse_xml(fs.read("pom.xml"))
    """
    return formats.from_xml(text)


@action(query=True, rest="tables")
def deep_merge(host: "Host", *, tables: "list[object]") -> "dict[str, object]":
    """One table of several: what comes later wins, tables with names are merged, lists replaced.

    tables: tables with names

    example: local settings = data.deep_merge(defaults, { server = { port = 8080 } })
    """
    merged = {}  # type: Table
    for table in tables:
        if not isinstance(table, dict) and table != []:
            raise ActionFailed(f"data.deep_merge: wants tables with names, got {table!r}")
        merged = _merge(merged, table if isinstance(table, dict) else {})
    return merged


@action(query=True)
def flatten(host: "Host", *, value: "dict[str, object]", separator: str = ".") -> "dict[str, object]":
    """A table without tables in it: names are paths such as `server.port`; items of lists have numbers from 1.

    value: a table with names
    separator: what stands between the parts of a path

    example: for path, value in pairs(data.flatten(settings)) do print(path, value) end
    """
    found = {}  # type: Table
    _flatten(value, "", separator, found)
    return found


@action(query=True)
def unflatten(host: "Host", *, value: "dict[str, object]", separator: str = ".") -> object:
    """The other way round: names that are paths become tables in tables.

    value: a table whose names are paths
    separator: what stands between the parts of a path

    example: local settings = data.unflatten({ ["server.port"] = 8080 })
    """
    made = {}  # type: Table
    for path in sorted(value):
        _put(made, path.split(separator), value[path])
    return _lists(made)


@action(query=True)
def get_path(host: "Host", *, value: object, path: str, default: object = None) -> object:
    """What lies at a path such as `servers.1.port`, or the default.

    value: a table
    path: names and numbers (from 1), with dots between them
    default: what to give where there is nothing

    example: local port = data.get_path(settings, "server.port", 80)
    """
    found = value
    for part in path.split("."):
        found = _item(found, part)
        if found is None:
            return default
    return found


@action(query=True)
def set_path(host: "Host", *, value: object, path: str, to: object = None) -> object:
    """A copy of a table with something else at a path; tables on the way are made.

    value: a table
    path: names and numbers (from 1), with dots between them
    to: what shall lie there

    example: settings = data.set_path(settings, "server.port", 8080)
    """
    return _with(value, path.split("."), to)


def _merge(below: "Table", above: "Table") -> "Table":
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _flatten(value: object, path: str, separator: str, found: "Table") -> None:
    items = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        items = [(str(number), item) for number, item in enumerate(value, 1)]
    if not items:
        found[path] = value
    for key, item in items:
        _flatten(item, f"{path}{separator}{key}" if path else key, separator, found)


def _put(into: "Table", parts: "list[str]", value: object) -> None:
    for part in parts[:-1]:
        step = into.setdefault(part, {})
        if not isinstance(step, dict):
            raise ActionFailed(f"data.unflatten: {part} is a value and a table")
        into = step
    into[parts[-1]] = value


def _lists(value: object) -> object:
    """Tables whose names are 1, 2, 3 … are lists."""
    if not isinstance(value, dict):
        return value
    if value and sorted(value) == sorted(str(number) for number in range(1, len(value) + 1)):
        return [_lists(value[str(number)]) for number in range(1, len(value) + 1)]
    return {key: _lists(item) for key, item in value.items()}


def _item(value: object, part: str) -> object:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and part.isdigit() and 0 < int(part) <= len(value):
        return value[int(part) - 1]
    return None


def _with(value: object, parts: "list[str]", to: object) -> object:
    if not parts:
        return to
    part = parts[0]
    if isinstance(value, list) and value:
        if not part.isdigit() or not 0 < int(part) <= len(value) + 1:
            raise ActionFailed(f"data.set_path: a list of {len(value)} items has no item {part}")
        items, place = list(value), int(part) - 1
        items[place:] = [_with(items[place] if place < len(items) else None, parts[1:], to), *items[place + 1 :]]
        return items
    table = dict(value) if isinstance(value, dict) else {}
    table[part] = _with(table.get(part), parts[1:], to)
    return table
