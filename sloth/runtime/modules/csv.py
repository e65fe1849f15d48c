"""CSV: rows as text, and back. Needs no host: also at the top level of a file."""

from sloth.runtime import formats
from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True)
def encode(
    host: "Host", *, rows: "list[object]", columns: "list[str] | None" = None, delimiter: str = ","
) -> str:
    """Rows as CSV. Rows that are tables with names get a first line of names.

    rows: a list of lists, or of tables with names
    columns: the names of the first line, in order; without them all names, sorted
    delimiter: what stands between two values

    example: local text = csv.encode({ { "a", 1 }, { "b", 2 } })
    """
    return formats.to_csv(rows, columns, delimiter)


pretty = encode


@action(query=True)
def decode(host: "Host", *, text: str, header: bool = True, delimiter: str = ",") -> "list[object]":
    """The rows of a CSV text, or nil and what is wrong with it. All values are strings; empty lines are left out.

    text: the CSV
    header: whether the first line has names: rows are tables then, and lists otherwise
    delimiter: what stands between two values

    example: for _, row in ipairs(csv.decode(fs.read("users.csv"))) do print(row.name) end
    """
    return formats.from_csv(text, header, delimiter)


@action(query=True)
def validate(host: "Host", *, text: str, delimiter: str = ",") -> bool:
    """Whether a text is CSV: quotes end, and all rows have as many values.

    text: what may be CSV
    delimiter: what stands between two values

    example: assert(csv.validate(fs.read("users.csv")), "users.csv is damaged")
    """
    try:
        rows = formats.from_csv(text, header=False, delimiter=delimiter)
    except ActionFailed:
        return False
    return len({len(row) for row in rows if isinstance(row, list)}) < 2
