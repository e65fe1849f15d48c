"""How work on a host fails: one class for each way, because each ends a task differently."""


class ActionFailed(Exception):
    """An action did not reach its goal. Lua sees an error, a query's caller `nil, "why"`.

    result: fields for the caller and the report (exit_code, stdout, stderr, rendered diff …).
    """

    def __init__(self, message: str, **result: object) -> None:
        super().__init__(message)
        self.message = message
        self.result = result


class CannotStart(ActionFailed):
    """A program that nothing came of: it was not even started."""


class BadArguments(ActionFailed):
    """A call that does not fit the action's signature."""


class Stopped(BaseException):
    """The attempt is over (deadline or cancel): nothing may act any more.

    Not an Exception, so that no action swallows it while it tidies up after a failure.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
