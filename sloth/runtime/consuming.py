"""The artifacts that a task consumes: brought into its workdir before its command runs.

A task without a workdir gets each under the path that it had where it was made.
"""

import os

from sloth.runtime.acting import Call
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.attempt import Attempt
    from sloth.runtime.job import Job, Step

    Plain = dict[str, object]


def consume(attempt: "Attempt", step: "Step", job: "Job") -> None:
    """Copy what the task consumes. ActionFailed when there is none of a name, or several that differ."""
    for name in step.consumes:
        found = attempt.act(Call("artifact", "find", [], {"names": [name]}))[0]
        assert isinstance(found, list)
        if not found and not job.check:
            raise ActionFailed(f"consumes: no task has left an artifact {name!r} in this run")
        for one in _one_of_each(found, job.host):
            dest = os.path.join(step.workdir, str(one["name"])) if step.workdir else str(one["path"])
            attempt.act(Call("file_ops", "directory", [], {"path": os.path.dirname(dest)}))
            attempt.act(Call("file_ops", "copy", [], {"src": one["id"], "dest": dest}))


def _one_of_each(found: "list[Plain]", host: str) -> "list[Plain]":
    """For each name this host's own artifact, or that of others where they agree."""
    by_name = {}  # type: dict[str, list[Plain]]
    for one in found:
        by_name.setdefault(str(one["name"]), []).append(one)
    chosen = []
    for name, same in by_name.items():
        own = [one for one in same if one["host"] == host]
        if not own and len({str(one["sha256"]) for one in same}) > 1:
            hosts = ", ".join(str(one["host"]) for one in same)
            raise ActionFailed(f"consumes: {name!r} of {hosts} differ, and {host} has none of its own")
        chosen.append((own or same)[-1])
    return chosen
