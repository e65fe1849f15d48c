"""What came of tests that users write, whatever runs and shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import asdict

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class TestResult(Struct, frozen=True):
    """One test. where: of what failed, else of the test itself. lines: what it logged."""

    file: str
    name: str
    status: str
    where: str
    message: str = ""
    duration: float = 0.0
    lines: Sequence[str] = field(default_factory=tuple)

    __test__ = False  # no test of ours, though pytest looks at the name

    def plain(self) -> Mapping[str, object]:
        """For JSON."""
        return asdict(self)


Watch = Callable[[TestResult], None]
