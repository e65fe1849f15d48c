"""Failures that only another user could help: told as such, whatever program complained."""

import os

MYPY = False
if MYPY:
    from collections.abc import Iterable

_SIGNS = (
    "permission denied", "operation not permitted", "are you root", "must be root", "access denied",
    "authentication is required", "interactive authentication required", "cannot lock /etc", "must be privileged",
    "superuser privileges", "only root can", "must be superuser", "you need to be root", "no hostkeys available",
)


def become_hint(texts: "Iterable[object]") -> str:
    """What to add to a failure whose output is `texts`: that it needs become, or nothing."""
    if os.geteuid() == 0:
        return ""
    said = " ".join(str(text) for text in texts).lower()
    is_told = "needs become" in said
    return " (needs become)" if not is_told and any(sign in said for sign in _SIGNS) else ""
