"""Failures that only another user could help: told as such, whatever program complained."""

import os

MYPY = False
if MYPY:
    from collections.abc import Iterable

HINT = " (needs become)"
_SIGNS = (
    "permission denied", "operation not permitted", "are you root", "must be root", "access denied",
    "authentication is required", "interactive authentication required", "cannot lock /etc", "must be privileged",
    "superuser privileges", "only root can", "must be superuser", "you need to be root", "no hostkeys available",
    "insufficient permissions",
)


def become_hint(texts: "Iterable[object]") -> str:
    """What to add to a failure whose output is `texts`: that it needs become, or nothing."""
    return HINT if os.geteuid() != 0 and is_denial(texts) else ""


def is_denial(texts: "Iterable[object]") -> bool:
    """Whether these words, of a program that was not root's, tell that it had to be; and nothing tells so already."""
    said = " ".join(str(text) for text in texts).lower()
    return "needs become" not in said and any(sign in said for sign in _SIGNS)
