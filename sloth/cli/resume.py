"""`sloth resume`: what is left of a run that was stopped or failed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace
from typer import Argument, Option

from sloth.cli.command import EXIT_CODES, application, flat
from sloth.cli.options import ExtraVars, LockTimeout, LoginOptions, SecretOptions, ShowOptions, length
from sloth.cli.render import watching
from sloth.engine.request import Request

app = application()

RunId = Annotated[str, Argument(metavar="RUN", help="The run, or the beginning of its id.")]


class AgainOptions(Struct, frozen=True):
    """What a run's journal does not hold, or what may be different today."""

    forks: Annotated[
        int | None, Option("--forks", "-f", min=1, metavar="NUMBER", help="How many hosts work at once.")
    ] = None
    diff: Annotated[bool, Option("--diff", "-D", help="Show the differences of changed files.")] = False
    lock_timeout: LockTimeout = "0s"
    extra: ExtraVars = None

    def over(self, request: Request, *, live: bool) -> Request:
        """The request as it was, with these."""
        return replace(
            request,
            forks=self.forks or request.forks,
            diff=self.diff or request.diff,
            live=live,
            lock_wait=length(self.lock_timeout, "--lock-timeout"),
            extra=(*request.extra, *(self.extra or ())),
        )


@app.command(epilog=EXIT_CODES)
@flat
def resume(
    run: RunId,
    login: LoginOptions,
    again: AgainOptions,
    secrets: SecretOptions,
    show: ShowOptions,
    failed: Annotated[
        bool, Option("--failed", help="Only the tasks that failed, and those that were skipped for it.")
    ] = False,
    start: Annotated[
        str | None, Option("--from", metavar="TASK", help="From this task on, done or not; nothing that stands before.")
    ] = None,
    force: Annotated[bool, Option("--force", help="Also when the workflow, variables or hosts have changed.")] = False,
) -> int:
    """Do what is left of a run, without repeating what is done.

    A task that was running when sloth was killed runs again. Passwords that were typed in are asked for once more:
    -k and -K; what -e said of passwords and the like is said again.

    \b
    example: sloth resume 7f3a
             sloth resume 7f3a --failed
             sloth resume 7f3a --from "configure nginx"
    """
    from sloth.engine import root
    from sloth.engine.lives import Resume
    from sloth.engine.resuming import Scope

    with watching.run(show.form, show.detail(diff=again.diff)) as watchers:
        how = Resume(Scope(failed, start), force)
        live = show.verbose > 0
        return root.resume(
            run, how, lambda asked: again.over(secrets.over(login.over(asked)), live=live), watchers.subscribers
        )
