"""The play of a process, which may not have begun yet: a job takes its time to load."""

import threading

MYPY = False
if MYPY:
    from collections.abc import Callable

    from sloth.runtime.play import Play

    Word = Callable[[Play], None]


class Playing:
    """Whom to tell what the play has to know; what is said before it begins is told then."""

    def __init__(self) -> None:
        self.play = None  # type: Play | None
        self._early = []  # type: list[Word]
        self._lock = threading.Lock()

    def begin(self, play: "Play") -> None:
        """This is the play."""
        with self._lock:
            self.play = play
            early, self._early = self._early, []
        for word in early:
            word(play)

    def tell(self, word: "Word") -> None:
        """Tell the play, now or when it begins."""
        with self._lock:
            play = self.play
            if play is None:
                self._early.append(word)
        if play is not None:
            word(play)

    def tell_soon(self, word: "Word") -> None:
        """The same from another thread: for who may not wait until the play has heard it."""
        threading.Thread(target=self.tell, args=(word,), daemon=True).start()
