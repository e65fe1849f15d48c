"""What goroutines ask for while others of their call go on: answered in threads, of which there are only so many."""

import threading
import time
from collections import deque

from sloth.runtime.token import Token

MYPY = False
if MYPY:
    from collections.abc import Callable

PATIENCE = 2.0  # seconds that the end of a call waits for what it has stopped
THREADS = 32  # of one machine; the other side of a wire serves 64 calls at once


class Threads:
    """Runs work in at most `most` threads; what is more waits its turn. A thread ends when nothing waits."""

    def __init__(self, most: int = THREADS) -> None:
        self._most = most
        self._running = 0
        self._waiting = deque()  # type: deque[Callable[[], None]]
        self._lock = threading.Lock()

    def do(self, work: "Callable[[], None]") -> None:
        """Have it done; it must not raise."""
        with self._lock:
            if self._running >= self._most:
                self._waiting.append(work)
                return
            self._running += 1
        threading.Thread(target=self._work, args=(work,), name="goroutine", daemon=True).start()

    def _work(self, work: "Callable[[], None]") -> None:
        while True:
            work()
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                work = self._waiting.popleft()


class _Question:
    """What one goroutine asks for. `has_begun` before it looks at its token, so that whoever stops it sees either."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.token = Token()
        self.has_begun = False
        self.is_over = threading.Event()


class Beside:
    """The open questions of one call's goroutines."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._open = {}  # type: dict[int, _Question]
        self._stopped = []  # type: list[_Question]
        self._answers = deque()  # type: deque[tuple[_Question, bytes | BaseException] | None]
        self._answered = threading.Condition()

    def ask(self, number: int, answer: "Callable[[Token], bytes]") -> None:
        """Have the question of a goroutine answered. answer(token): may go on as long as it has the token"""
        question = self._open[number] = _Question(number)

        def work() -> None:
            question.has_begun = True
            try:
                if not question.token.stopped:
                    self._put((question, answer(question.token)))
            except BaseException as error:  # noqa: BLE001  # it belongs to the thread of the call
                self._put((question, error))
            finally:
                question.is_over.set()

        self._threads.do(work)

    def stop(self, *numbers: int) -> None:
        """These goroutines have ended: so does what they asked for."""
        for question in [self._open.pop(number) for number in numbers if number in self._open]:
            question.token.stop("its goroutine has ended")
            self._stopped.append(question)

    def stop_all(self) -> int:
        """The call has ended; how many questions were open. On return nothing goes on, unless it hangs."""
        left = len(self._open)
        self.stop(*self._open)
        deadline = time.monotonic() + PATIENCE
        for question in self._stopped:
            if question.has_begun:
                question.is_over.wait(max(0.0, deadline - time.monotonic()))
        return left

    def wake(self) -> None:
        """Let `next` return; from any thread."""
        self._put(None)

    def next(self, seconds: float) -> "tuple[int, bytes]":
        """The goroutine that has its answer next; or (0, b"") when none has for so long. Raises what one ended with."""
        with self._answered:
            self._answered.wait_for(lambda: bool(self._answers), min(seconds, threading.TIMEOUT_MAX))
            found = self._answers.popleft() if self._answers else None
        if found is None or self._open.get(found[0].number) is not found[0]:  # its goroutine has ended
            return 0, b""
        question, answer = found
        del self._open[question.number]
        if isinstance(answer, BaseException):
            raise answer
        return question.number, answer

    def _put(self, answer: "tuple[_Question, bytes | BaseException] | None") -> None:
        with self._answered:
            self._answers.append(answer)
            self._answered.notify()
