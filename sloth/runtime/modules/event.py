"""Events of a workflow's own, in the stream of the run: `sloth events` shows them."""

from sloth.runtime.action import LEFT_OUT, action

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True, synonyms={"name": ("type",)}, check=LEFT_OUT)
def dispatch(host: "Host", *, name: str, data: object = None) -> bool:
    """Tell whoever follows the run of something. Check mode tells nothing.

    name: what happened, such as `deploy.finished`
    data: whatever belongs to it, up to 64 KiB as JSON; no secrets

    example: event.dispatch("deploy.finished", { version = "1.4.2" })
    """
    if not host.check:
        host.ask("announce", {"name": name, "data": data})
    return True
