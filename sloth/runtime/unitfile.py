"""The text of unit files: sections of settings, written so that no value can become another setting."""

from sloth.runtime.failure import BadArguments

MYPY = False
if MYPY:
    from collections.abc import Mapping

    Settings = Mapping[str, object]

FOLDER = "/etc/systemd/system"


def file_name(name: str, suffix: str) -> str:
    """`name` with its suffix, or BadArguments when it cannot be a unit's name."""
    full = name if name.endswith(suffix) else name + suffix
    if not full[: -len(suffix)] or "/" in full or full.startswith((".", "-")) or any(char.isspace() for char in full):
        raise BadArguments(f"{name!r} cannot be the name of a unit")
    return full


def render(sections: "Mapping[str, Settings]") -> str:
    """A unit file. Of a list each value has a line of its own; what is None or empty is left out."""
    blocks = []
    for title, settings in sections.items():
        lines = [f"{key}={text}" for key, value in settings.items() for text in _texts(key, value)]
        if lines:
            blocks.append("\n".join([f"[{title}]", *lines]) + "\n")
    return "\n".join(blocks)


def environment(variables: "Mapping[str, str]") -> "list[str]":
    """Values of `Environment=`, quoted; a percent sign stays one."""
    return ['"' + f"{name}={value}".replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'
            for name, value in variables.items()]


def _texts(key: str, value: object) -> "list[str]":
    if value is None or value == "":
        return []
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in _texts(key, one)]
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if "\n" in text or "\n" in key or "=" in key:
        raise BadArguments(f"{key} of a unit takes one line, got {text!r}")
    return [text]
