"""`sloth apply`: a workflow file on the hosts of an inventory."""

from __future__ import annotations

from msgspec.structs import replace

from sloth.cli.command import EXIT_CODES, application, flat
from sloth.cli.options import (
    ChoiceOptions,
    File,
    ListOptions,
    RunOptions,
    ShowOptions,
    TargetOptions,
    VariableOptions,
    request,
)
from sloth.cli.render import plans, questions, watching
from sloth.cli.render.format import Format, RunFormat
from sloth.core.errors import UsageError
from sloth.core.events import Event, RunFinished
from sloth.engine.here import configured
from sloth.engine.request import Request

app = application()

_CHANGES_AHEAD = 4


@app.command(epilog=EXIT_CODES)
@flat
def apply(
    file: File, targets: TargetOptions, choice: ChoiceOptions, variables: VariableOptions, run: RunOptions,
    lists: ListOptions, show: ShowOptions,
) -> int:  # fmt: skip
    """Run a workflow file on the hosts of an inventory; without one, on this machine.

    \b
    example: sloth apply -i inventory.yml site.sloth
             sloth apply -i inventory.yml site.sloth -l 'web:!web3' --check --diff
             sloth apply -i web1,web2, -u admin -b -K site.sloth
    """
    asked = request(file, targets, choice, variables, run, configured())
    return look(asked, lists, show) if lists.wanted else perform(asked, run, show)


def perform(asked: Request, run: RunOptions, show: ShowOptions) -> int:
    """Run it, and show it while it happens. Returns the exit code."""
    from sloth.engine import root

    ahead = ChangesAhead()
    ask = questions.on_terminal() if run.step else None
    with watching.run(show.form, show.detail(diff=run.diff, check=run.check, profile=run.profile)) as watchers:
        code = root.apply(
            replace(asked, live=show.verbose > 0), [*watchers.subscribers, ahead], ask and ask(watchers.aside)
        )
    return _CHANGES_AHEAD if run.detailed_exitcode and ahead.found and code == 0 else code


def look(asked: Request, lists: ListOptions, show: ShowOptions) -> int:
    """Show which hosts, tasks and tags a run would have. Returns the exit code."""
    from sloth.engine import root

    if show.form is RunFormat.JUNIT:
        raise UsageError("lists of hosts, tasks and tags are no run: --format text or json shows them")
    found = root.plan(asked, watching.to_stderr())
    plans.show_lists(found, Format(show.form), hosts=lists.list_hosts, tasks=lists.list_tasks, tags=lists.list_tags)
    return 0


class ChangesAhead:
    """A subscriber that knows whether a check found anything to change."""

    def __init__(self) -> None:
        self.found = False

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunFinished):
            self.found |= any(row.get("would_change") or row.get("would_run") for row in event.counts.values())
