"""Secrets: encrypted on the controller, which gives a host those that its tasks name. They are masked in all results.

`secrets.NAME` in a workflow is `secrets.get("NAME")`, asked once a run. A name that is made up while a task runs has
to be declared: `:secrets { "db_*" }`.
"""

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True)
def get(host: "Host", *, name: str) -> str:
    """The value of a secret.

    name: the name of the secret

    example: local password = secrets.db_password
    example: local key = secrets.get("tls-key")
    """
    answer = host.ask("secret", {"name": name})
    if not isinstance(answer, dict) or not isinstance(answer.get("value"), str):
        raise ActionFailed("secrets.get: the controller's answer is not understood")
    return str(answer["value"])
