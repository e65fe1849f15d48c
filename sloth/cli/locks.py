"""`sloth locks`: who has which lock and which host."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from sloth.cli.command import application
from sloth.cli.options import FormatOption
from sloth.cli.render import leases
from sloth.cli.render.format import Format
from sloth.engine import keeping

app = application()


@app.command()
def locks(
    forced: Annotated[bool, Option("--forced", help="Show which ones were taken away, by whom and why.")] = False,
    release: Annotated[
        str | None, Option("--release", metavar="NAME", help="Take this one away from whoever has it.")
    ] = None,
    reason: Annotated[str, Option("--reason", metavar="TEXT", help="With --release: why, for the record.")] = "",
    form: FormatOption = Format.TEXT,
) -> int:
    """Show who has which lock, and which hosts runs of this store work on.

    A run on a host also holds a lock there, which --release does not touch: it ends with the run.

    \b
    example: sloth locks
             sloth locks --release host/10.0.0.7 --reason 'that controller is gone'
    """
    if release is not None:
        leases.show_forced(release, keeping.force(release, reason), keeping.held())
        return 0
    found = keeping.locks()
    if forced:
        leases.show_record(found.forced(), form)
    else:
        leases.show_leases([(lease, found.left(lease)) for lease in found.held()], form)
    return 0
