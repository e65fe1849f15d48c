"""The `config` of a workflow: every key that means something, checked.

A misspelt key is an error. One that means nothing at all is a warning: configs of old files hold notes of authors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from sloth.core.errors import WorkflowError
from sloth.core.model import Retry
from sloth.core.near import near
from sloth.runtime.coercion import seconds

STRATEGIES = ("fixed", "linear", "exponential")
UNLIMITED = 64  # tasks side by side where the author sets no limit
_POLICY = {
    "count": "count", "retries": "count", "max_retries": "count", "max_attempts": "attempts", "attempts": "attempts",
    "strategy": "strategy", "backoff": "strategy", "delay": "delay", "initial_delay": "delay", "max_delay": "max_delay",
}  # fmt: skip


class Config(Struct, frozen=True):
    """What the keys say; those that are not there say the same as in an empty config.

    retries: the settings of a task's `retries` where the task says nothing itself. warnings: about keys nobody knows
    """

    parallel: int = 1
    timeout: float | None = None
    workdir: str | None = None
    retries: Mapping[str, object] = field(default_factory=dict)
    fail_fast: bool = False
    cleanup_on_failure: bool | None = None
    serial: tuple[str | int, ...] = ()
    max_fail: str | int | None = None
    order: str = "inventory"
    warnings: tuple[str, ...] = ()


def read(owner: str, given: Mapping[str, Any], where: str) -> Config:
    """The config of one workflow. owner: the workflow, for messages. Raises WorkflowError."""
    what = f"config of {owner}"
    known = {
        "max_parallel_tasks", "parallel", "timeout", "workdir", "retry_policy", "fail_fast", "cleanup_on_failure",
        "serial", "max_fail", "order",
    }  # fmt: skip
    unknown = sorted(given.keys() - known)
    for key in unknown:
        if hint := near(key, known):
            raise WorkflowError(f"{what}: unknown key {key}", where=where, hint=hint)
    timeout, serial = given.get("timeout"), given.get("serial")
    return Config(
        _parallel(what, given, where),
        None if timeout is None else duration(what, "timeout", timeout, where),
        _text(what, "workdir", given, where),
        _retry_policy(what, given.get("retry_policy"), where),
        _flag(what, "fail_fast", given, where) is True,
        _flag(what, "cleanup_on_failure", given, where),
        sizes(serial),
        given.get("max_fail"),
        _text(what, "order", given, where) or "inventory",
        tuple(f"{where}: {what}: the key {key} means nothing here" for key in unknown),
    )


def retry(owner: str, given: Mapping[str, Any], default: Mapping[str, Any], where: str) -> Retry:
    """The retries of a task; what it does not say comes from its workflow's retry_policy."""
    merged = {**default, **{key: value for key, value in given.items() if value is not None}}
    if not given.get("count"):  # declared tasks always have a count
        merged["count"] = default.get("count", 0)
    base = Retry()
    delay, longest = merged.get("delay"), merged.get("max_delay")
    return Retry(
        int(merged["count"]),
        str(merged.get("strategy") or base.strategy),
        base.delay if delay is None else duration(owner, "retry_delay", delay, where),
        base.max_delay if longest is None else duration(owner, "max_retry_delay", longest, where),
    )


def sizes(serial: Any) -> tuple[str | int, ...]:
    """A number or percentage of hosts, or a list of them; the plan checks what they are."""
    return () if serial is None else tuple(serial) if isinstance(serial, list) else (serial,)


def duration(owner: str, key: str, value: object, where: str) -> float:
    """Seconds. Raises WorkflowError."""
    try:
        return seconds(value)
    except ValueError as error:
        raise WorkflowError(f"{owner}: {key}: {error}", where=where) from error


def _parallel(what: str, given: Mapping[str, Any], where: str) -> int:
    """max_parallel_tasks, or its older name `parallel`: a number, or true for all that can run at once."""
    key = "max_parallel_tasks" if "max_parallel_tasks" in given else "parallel"
    value = given.get(key, 1)
    if isinstance(value, bool) and key == "parallel":
        return UNLIMITED if value else 1
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise WorkflowError(f"{what}: {key} wants a whole number from 1, got {value!r}", where=where)
    return value


def _retry_policy(what: str, value: object, where: str) -> dict[str, object]:
    """A strategy, a number of retries, or a table; as the settings of a task's retries."""
    if value is None or value == {}:
        return {}
    settings: dict[str, object] = {}
    if isinstance(value, Mapping):
        for key in value.keys() - _POLICY.keys():
            hint = near(key, _POLICY) or f"there are {', '.join(sorted(_POLICY))}"
            raise WorkflowError(f"{what}: retry_policy: unknown key {key}", where=where, hint=hint)
        settings = {_POLICY[key]: item for key, item in value.items()}
    elif isinstance(value, str):
        settings = {"strategy": value}
    else:
        settings = {"count": value}
    if "attempts" in settings:
        settings["count"] = _whole(what, "max_attempts", settings.pop("attempts"), 1, where) - 1
    if "count" in settings:
        settings["count"] = _whole(what, "retry_policy", settings["count"], 0, where)
    strategy = settings.get("strategy", "fixed")
    if strategy not in STRATEGIES:
        text, hint = f"{what}: retry_policy: unknown strategy {strategy!r}", "there are " + ", ".join(STRATEGIES)
        raise WorkflowError(text, where=where, hint=hint)
    return settings


def _whole(what: str, key: str, value: object, least: int, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise WorkflowError(f"{what}: {key} wants a whole number from {least}, got {value!r}", where=where)
    return value


def _flag(what: str, key: str, given: Mapping[str, Any], where: str) -> bool | None:
    value = given.get(key)
    if value is not None and not isinstance(value, bool):
        raise WorkflowError(f"{what}: {key} wants true or false, got {value!r}", where=where)
    return value


def _text(what: str, key: str, given: Mapping[str, Any], where: str) -> str | None:
    value = given.get(key)
    if value is not None and not isinstance(value, str):
        raise WorkflowError(f"{what}: {key} wants a string, got {value!r}", where=where)
    return value
