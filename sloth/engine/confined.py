"""Rendering text that a host sent, in a process of its own with little memory and time.

Jinja's sandbox keeps a template from reaching out, but not from eating up the machine: `{{ "x" * 10 ** 10 }}`.
What a workflow itself wrote down is rendered in place (templates.py); text that stands in none of its
sources may come from a host that lies, and is rendered here.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sloth.core.errors import TemplateError
from sloth.engine.files import Search
from sloth.engine.templates import Templates

MEMORY = 512 << 20
SECONDS = 5


def render(text: str, search: Search, variables: Mapping[str, object], seconds: int = SECONDS) -> str:
    """Render it; what it includes comes from files/ and templates/ only. Raises TemplateError.

    variables: plain data. seconds: of a processor's time
    """
    folders = [str(folder) for folder in search.folders]
    request = {"text": text, "folders": folders, "variables": variables, "seconds": seconds}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "sloth.engine.confined"],  # no module of the folder that we are in
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=seconds * 4,
            check=False,
        )
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        what = f"it wants more than {MEMORY >> 20} MiB or {seconds} s"
        raise TemplateError(f"the template that the host sent does not render: {what}") from error
    if "error" in answer:
        raise TemplateError(str(answer["error"]), where=str(answer["where"]))
    return str(answer["text"])


def main() -> None:
    """The process: a request on stdin, the answer on stdout."""
    request = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"], request["seconds"]))
    search = Search(tuple(map(Path, request["folders"])), lambda _: False)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        answer = {"text": Templates().render_text(request["text"], search, request["variables"])}
    except TemplateError as error:
        answer = {"error": str(error), "where": error.where}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
