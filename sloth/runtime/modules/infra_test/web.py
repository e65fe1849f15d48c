"""Checks of what web servers answer."""

from sloth.runtime import web
from sloth.runtime.action import SAME, action
from sloth.runtime.failure import ActionFailed
from sloth.runtime.modules.infra_test.requiring import require

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(check=SAME)
def http_status(host: "Host", *, url: str, status: int = 200, verify: bool = True) -> None:
    """An address answers with this status.

    url: the address
    status: the status
    verify: whether the certificate has to be good

    example: infra_test.http_status("http://localhost/", 200)
    """
    asked = web.Request("GET", url, verify=verify)
    try:
        now = web.send(host, asked).status
    except ActionFailed as error:
        require(host, holds=False, otherwise=f"{error.message}, wanted {status}")
    else:
        require(host, now == status, f"GET {url}: {now}, wanted {status}")
