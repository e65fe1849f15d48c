"""The lives of runs: how one begins, how it is taken up again, and what is kept of those that were."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from msgspec import Struct
from msgspec.structs import replace

from sloth.core.errors import PlanChanged, RunBusy, UsageError
from sloth.core.events import Event
from sloth.core.model import Plan
from sloth.engine import fingerprints
from sloth.engine.asked import Asked, Owner, anchored
from sloth.engine.history import History
from sloth.engine.loading import Loaded
from sloth.engine.masking import Mask
from sloth.engine.recording import Recorder
from sloth.engine.request import Request
from sloth.engine.resuming import Rest, Scope, rest_of
from sloth.store.journal import Journal
from sloth.store.runs import Runs

ENDING_PATIENCE = 10.0  # seconds that a host gets to end what a killed controller left there


class Life(Struct, frozen=True):
    """One life of a run: its first, or one in which it is taken up again.

    record: writes it down. short: enough of its id to tell it from others. is_whole: whether all that is left is in it
    """

    run: str
    rest: Rest
    record: Recorder
    short: Callable[[], str]
    is_whole: bool = True


class Resume(Struct, frozen=True):
    """How a run is taken up. force: with inputs that have changed, too."""

    scope: Scope
    force: bool = False


class Lives:
    """Begins runs and takes them up. say: where notices go. room: bytes of output and logs that are kept of a host."""

    def __init__(self, runs: Runs, say: Callable[[Event], None], room: int) -> None:
        self._runs = runs
        self._say = say
        self._room = room

    @contextmanager
    def first(self, request: Request, loaded: Loaded, plan: Plan, following: Sequence[str]) -> Iterator[Life]:
        """A run begins. following: the workflows that come after it. Raises StoreError when it cannot be kept."""
        run, workflow = self._runs.new(), plan.workflow
        with ExitStack() as undoing:
            undoing.callback(self._runs.discard, run)
            inputs = fingerprints.of_inputs(loaded, run)
            asked = Asked(run, workflow.name, anchored(request), inputs, Owner.me(), following, workflow.handlers)
            journal = Journal.begin(self._runs.journal(run), asked.plain(), self._room)
            with self._recorded(journal, History(asked, asked.owner), loaded.unlocked.mask) as record:
                try:
                    yield Life(run, Rest(plan), record, lambda: self._runs.shortened([run])[0])
                finally:
                    if record.has_begun:  # if not, on_start has failed, or a secret does not open: there was no run
                        undoing.pop_all()

    @contextmanager
    def next(self, history: History, loaded: Loaded, plan: Plan, how: Resume) -> Iterator[Life]:
        """A run is taken up. Raises UsageError when its inputs have changed, RunBusy when it goes on elsewhere."""
        asked, whole = history.asked, rest_of(plan, history, Scope())
        now = fingerprints.of_inputs(loaded, asked.run)
        short = self._runs.shortened([asked.run])[0]
        changes = fingerprints.differences(asked.inputs, now)
        if changes and not how.force:
            raise PlanChanged(
                f"since run {short} began, this has changed:{fingerprints.told(changes)}",
                hint="--force resumes it as things are now; `sloth apply` begins anew",
            )
        rest = whole if how.scope == Scope() else rest_of(plan, history, how.scope)
        me = replace(asked, owner=Owner.me(), inputs=now)
        journal = self._taken_up(history, me.resumed(how.scope.failed, how.scope.start))
        with self._recorded(journal, history, loaded.unlocked.mask) as record:
            yield Life(asked.run, rest, record, lambda: short, is_whole=rest.left >= whole.left)

    @contextmanager
    def collecting(self, history: History, mask: Mask) -> Iterator[Recorder]:
        """What hosts did by themselves is written down. Raises RunBusy when somebody else does that."""
        asked = replace(history.asked, owner=Owner.me())
        journal = self._taken_up(history, asked.attached())
        with self._recorded(journal, history, mask) as record:
            yield record

    def _taken_up(self, history: History, line: Mapping[str, object]) -> Journal:
        """The journal with one more line, and no other process at work on it."""
        run = history.asked.run
        try:
            journal = Journal.begin(self._runs.journal(run), line, self._room)
        except RunBusy as error:
            short = self._runs.shortened([run])[0]
            raise RunBusy(
                f"{history.owner} works on run {short} (pid {history.owner.pid})",
                hint=f"`sloth runs attach {short}` watches it, `sloth runs cancel {short}` stops it",
            ) from error
        history.take(journal.last)
        return journal

    @contextmanager
    def _recorded(self, journal: Journal, history: History, mask: Mask) -> Iterator[Recorder]:
        with Recorder(journal, self._runs, history, self._say, mask) as record:
            yield record
        record.check()


def resumable(history: History, short: str) -> Request:
    """What a run that can be taken up was asked. Raises UsageError for one that cannot."""
    if history.asked.request.check:
        raise UsageError(f"run {short} was a check: it changed nothing, so nothing is left of it")
    if history.is_detached:
        raise UsageError(
            f"the hosts of run {short} go on without us, or have done so",
            hint=f"`sloth runs attach {short}` collects what they did",
        )
    return replace(history.asked.request, detach=False)
