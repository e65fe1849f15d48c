"""Questions to the person at the terminal while a run goes on."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable
from typing import TextIO

from sloth.cli.render.screen import Aside, inert, is_terminal, one_line
from sloth.core.errors import UsageError
from sloth.engine.stepping import Answer, Ask

_TICK = 0.1
_ANSWERS = {
    "y": Answer.YES, "yes": Answer.YES, "n": Answer.NO, "no": Answer.NO, "": Answer.NO, "c": Answer.CONTINUE,
    "continue": Answer.CONTINUE,
}  # fmt: skip


def on_terminal() -> Callable[[Aside], Ask]:
    """Asks the person at standard input, on standard error. Raises UsageError when there is nobody."""
    if not is_terminal(sys.stdin):
        raise UsageError("--step asks before each task, and there is no terminal to ask on")
    return lambda aside: _Asker(sys.stdin, sys.stderr, aside).ask


class _Asker:
    """aside: what one writes inside of."""

    def __init__(self, answers: TextIO, questions: TextIO, aside: Aside) -> None:
        self._answers = answers
        self._questions = questions
        self._aside = aside

    def ask(self, task: str, is_over: Callable[[], bool]) -> Answer:
        """Until it is understood what the person says. Who hangs up says no."""
        with self._aside():
            while True:
                self._questions.write(f"run task {one_line(task)}? (N)o, (y)es, (c)ontinue without asking: ")
                self._questions.flush()
                while not select.select([self._answers], [], [], _TICK)[0]:
                    if is_over():
                        self._questions.write("\n")
                        return Answer.NO
                line = self._answers.readline()
                if not line:
                    self._questions.write("\n")
                said = inert(line).strip().lower()
                if said in _ANSWERS:
                    return _ANSWERS[said]
