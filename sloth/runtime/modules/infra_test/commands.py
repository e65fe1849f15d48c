"""Checks by a line for the shell: how it exits, what it prints."""

from sloth.runtime.action import SAME, action
from sloth.runtime.host import last_words
from sloth.runtime.modules.infra_test.requiring import require

MYPY = False
if MYPY:
    from sloth.runtime.host import Host
    from sloth.runtime.process import Done

_SHOWN = 200  # characters of an output that a failure shows


@action(synonyms={"command": ("cmd",)}, check=SAME)
def command_succeeds(host: "Host", *, command: str) -> None:
    """A line for the shell exits with 0. It must only look: it is run in check mode, too.

    command: the line

    example: infra_test.command_succeeds("nginx -t")
    """
    done = _shell(host, command)
    require(host, done.ok, f"{command}: {last_words(done)}")


@action(synonyms={"command": ("cmd",)}, check=SAME)
def command_fails(host: "Host", *, command: str) -> None:
    """A line for the shell does not exit with 0. It must only look: it is run in check mode, too.

    command: the line

    example: infra_test.command_fails("id guest")
    """
    require(host, not _shell(host, command).ok, f"{command}: it succeeds")


@action(synonyms={"command": ("cmd",)}, check=SAME)
def command_stdout_contains(host: "Host", *, command: str, text: str) -> None:
    """What a line for the shell prints has this text in it. It must only look: it is run in check mode, too.

    command: the line
    text: the text

    example: infra_test.command_stdout_contains("sysctl net.ipv4.ip_forward", "= 1")
    """
    out = _shell(host, command).out
    require(host, text in out, f"{command}: printed {_short(out)}, without {text!r}")


@action(synonyms={"command": ("cmd",)}, check=SAME)
def command_stderr_is_empty(host: "Host", *, command: str) -> None:
    """A line for the shell complains about nothing. It must only look: it is run in check mode, too.

    command: the line

    example: infra_test.command_stderr_is_empty("nginx -t -q")
    """
    err = _shell(host, command).err
    require(host, not err.strip(), f"{command}: complained: {_short(err)}")


@action(synonyms={"command": ("cmd",)}, check=SAME)
def command_output_equals(host: "Host", *, command: str, text: str) -> None:
    """What a line for the shell prints is this text, but for white space at its ends. It must only look.

    command: the line
    text: the text

    example: infra_test.command_output_equals("cat /etc/timezone", "Europe/Berlin")
    """
    out = _shell(host, command).out
    require(host, out.strip() == text.strip(), f"{command}: printed {_short(out)}, wanted {text!r}")


def _shell(host: "Host", command: str) -> "Done":
    return host.execute(["/bin/sh", "-c", command], cwd=host.settings.workdir)


def _short(text: str) -> str:
    whole = text.strip()
    return repr(whole if len(whole) <= _SHOWN else whole[:_SHOWN] + "…")
