"""The options that several commands share: what they are called, what they mean, what becomes of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace
from typer import Argument, Option

from sloth.cli import completing, passwords
from sloth.cli.render.format import Format, RunFormat
from sloth.cli.render.results import Detail
from sloth.core.connection import BecomeMethod, ConnectionKind, HostKeys
from sloth.core.errors import UsageError
from sloth.core.settings import Settings
from sloth.engine.here import configured
from sloth.engine.request import Request, Targets, Unlocking
from sloth.runtime.coercion import seconds

Pattern = Annotated[str, Argument(metavar="PATTERN", help="The hosts, as for -l.", autocompletion=completing.hosts)]
File = Annotated[str, Argument(metavar="FILE", help="The workflow file.")]
FormatOption = Annotated[Format, Option("--format", help="For people (text) or for programs (json).")]
Verbosity = Annotated[
    int,
    Option(
        "--verbose", "-v", count=True, show_default=False, help="Show more: changes, output; -vv values; -vvv steps."
    ),
]
Check = Annotated[bool, Option("--check", "-C", help="Change nothing; tell what would change.")]
Diff = Annotated[bool, Option("--diff", "-D", help="Show the differences of changed files.")]
LockTimeout = Annotated[
    str,
    Option(
        "--lock-timeout", metavar="TIME", show_default=False,
        help="Wait so long for hosts that another run works on: `30s`, `5m` (default: not at all).",
    ),
]  # fmt: skip
Sources = Annotated[
    list[str] | None,
    Option("--inventory", "-i", metavar="SOURCE", help="A file, a directory or `h1,h2,`; may be given several times."),
]
Limit = Annotated[
    str | None,
    Option(
        "--limit",
        "-l",
        metavar="PATTERN",
        help="Only these hosts: names, globs, `a:&b:!c`, `~regex`, `@file`.",
        autocompletion=completing.hosts,
    ),
]


EnvironmentOption = Annotated[
    str | None, Option("--environment", metavar="NAME", help="Whose secrets (default: `default`).")
]
PassphraseOption = Annotated[
    list[str] | None,
    Option(
        "--passphrase", "--vault-id", "--vault-password-file", metavar="[LABEL@]SOURCE",
        help="What opens secrets: a file, `prompt`, `fd:3`, `env:NAME`, `command:pass sloth` or `key:FILE`.",
    ),
]  # fmt: skip


class SecretOptions(Struct, frozen=True):
    """Which secrets, and what opens them."""

    environment: EnvironmentOption = None
    passphrase: PassphraseOption = None

    def unlocking(self, settings: Settings) -> Unlocking:
        """For the engine: the command line wins over the settings."""
        sources = self.passphrase or settings["secrets.passphrase_from"]
        environment = self.environment or settings["secrets.environment"]
        return Unlocking(environment, tuple(sources), passwords.passphrase)

    def over(self, request: Request) -> Request:
        """The request of an earlier run, with these: its secrets are those of its environment, unless one is said."""
        unlocking = self.unlocking(configured())
        if self.environment is None:
            unlocking = replace(unlocking, environment=request.targets.unlocking.environment)
        return replace(request, targets=replace(request.targets, unlocking=unlocking))

    def of_targets(self, inventory: list[str] | None, limit: str | None = None) -> TargetOptions:
        """With hosts that nobody connects to."""
        return TargetOptions(inventory, limit, secrets=self)


class LoginOptions(Struct, frozen=True):
    """Passwords: to log in, and to become another user. No run keeps them."""

    ask_pass: Annotated[bool, Option("--ask-pass", "-k", help="Ask for the password to log in with.")] = False
    password_file: Annotated[
        Path | None, Option("--password-file", metavar="FILE", help="Read the password to log in with from a file.")
    ] = None
    ask_become_pass: Annotated[
        bool, Option("--ask-become-pass", "-K", help="Ask for the password to become another user.")
    ] = False
    become_password_file: Annotated[
        Path | None, Option("--become-password-file", metavar="FILE", help="Read that password from a file.")
    ] = None

    def passwords(self) -> tuple[str | None, str | None]:
        """Both, asked for where that is wanted."""
        return passwords.both(
            passwords.Source(ask=self.ask_pass, file=self.password_file),
            passwords.Source(ask=self.ask_become_pass, file=self.become_password_file),
        )

    def over(self, request: Request) -> Request:
        """The request of an earlier run, with these."""
        login, become = self.passwords()
        return replace(request, targets=replace(request.targets, password=login, become_password=become))


class TargetOptions(Struct, frozen=True):
    """Which hosts, and how to reach them."""

    inventory: Sources = None
    limit: Limit = None
    forks: Annotated[
        int | None, Option("--forks", "-f", min=1, metavar="NUMBER", help="How many hosts work at once (default 50).")
    ] = None
    user: Annotated[str | None, Option("--user", "-u", metavar="NAME", help="Log in as this user.")] = None
    private_key: Annotated[
        str | None, Option("--private-key", metavar="FILE", help="Log in with the key in this file.")
    ] = None
    connection: Annotated[
        ConnectionKind | None, Option("--connection", "-c", help="Reach hosts over SSH, or work on this machine.")
    ] = None
    host_keys: Annotated[
        HostKeys | None, Option("--host-keys", help="What to do with host keys that known_hosts does not have.")
    ] = None
    connect_timeout: Annotated[
        str | None, Option("--connect-timeout", metavar="TIME", help="How long to wait for a host: `5s` (default 10s).")
    ] = None
    become: Annotated[bool, Option("--become", "-b", help="Work as root.")] = False
    become_user: Annotated[
        str | None, Option("--become-user", metavar="NAME", help="Work as this user, with or without -b.")
    ] = None
    become_method: Annotated[
        BecomeMethod | None, Option("--become-method", help="What makes us that user (default sudo).")
    ] = None
    login: LoginOptions = LoginOptions()
    secrets: SecretOptions = SecretOptions()

    def sources(self, settings: Settings) -> Sequence[str]:
        """The inventory of the command line or of the settings. Raises UsageError when neither has one."""
        found = self.sources_or_here(settings)
        if not found and self.connection != "local":
            raise UsageError(
                "which hosts? There is no inventory",
                hint="`-i inventory.yml` or `-i host1,host2,` names them; `-c local` is this machine",
            )
        return found

    def sources_or_here(self, settings: Settings) -> Sequence[str]:
        """The inventory of the command line or of the settings, or none: a workflow then runs on this machine."""
        return tuple(self.inventory or settings["inventory"])

    def targets(self, settings: Settings, inventory: Sequence[str]) -> Targets:
        """For the engine: the command line wins over the settings. Asks for passwords where that is wanted."""
        login, become = self.login.passwords()
        timeout = self.connect_timeout
        return Targets(
            inventory=inventory,
            limit=self.limit,
            user=self.user or settings["user"],
            private_key=self.private_key or settings["private_key"],
            connection=self.connection,
            password=login,
            host_keys=self.host_keys or settings["host_keys"],
            become=self.become or self.become_user is not None,
            become_user=self.become_user,
            become_method=self.become_method,
            become_password=become,
            unlocking=self.secrets.unlocking(settings),
            connect_timeout=settings["connect_timeout"] if timeout is None else length(timeout, "--connect-timeout"),
        )


ExtraVars = Annotated[
    list[str] | None,
    Option("--extra-vars", "-e", metavar="VARS", help="Variables over all others: `name=value`, JSON, or `@file`."),
]


class VariableOptions(Struct, frozen=True):
    """Variables from the command line."""

    extra: ExtraVars = None
    values: Annotated[
        list[str] | None, Option("--values", metavar="FILE", help="A values file, YAML or TOML; later ones win.")
    ] = None


class ChoiceOptions(Struct, frozen=True):
    """Which workflow and tasks of a file."""

    workflow: Annotated[
        str | None,
        Option(
            "--workflow", metavar="NAME", help="Only this workflow of the file.",
            autocompletion=completing.workflows,
        ),
    ] = None
    tags: Annotated[
        list[str] | None,
        Option(
            "--tags", "-t", metavar="TAGS", help="Only tasks with one of these tags: `a,b`.",
            autocompletion=completing.tags,
        )
    ] = None
    skip_tags: Annotated[
        list[str] | None,
        Option(
            "--skip-tags", metavar="TAGS", help="No tasks with one of these tags.", autocompletion=completing.tags,
        )
    ] = None
    start_at: Annotated[
        str | None,
        Option(
            "--start-at-task", metavar="NAME", help="Leave out what stands before this task.",
            autocompletion=completing.tasks,
        )
    ] = None


class ShowOptions(Struct, frozen=True):
    """What is seen of a run, and how."""

    verbose: Verbosity = 0
    quiet: Annotated[
        bool, Option("--quiet", "-q", help="Show only what did not go well, and nothing if all did.")
    ] = False
    form: Annotated[
        RunFormat, Option("--format", help="For people (text), for programs (json, a line each), for CI (junit).")
    ] = RunFormat.TEXT

    def detail(
        self, *, diff: bool = False, command: bool = False, check: bool = False, profile: bool = False
    ) -> Detail:
        """How much is told of each result. What a check would change is what it was asked for."""
        if self.quiet and self.verbose:
            raise UsageError("-q shows less and -v shows more: one of them")
        if self.quiet and self.form is not RunFormat.TEXT:
            raise UsageError(f"-q is for people: --format {self.form.value} always has all results")
        return Detail(self.verbose, diff, command, changes=check, profile=profile, quiet=self.quiet)


class RunOptions(Struct, frozen=True):
    """How a run goes."""

    check: Check = False
    diff: Diff = False
    detailed_exitcode: Annotated[
        bool, Option("--detailed-exitcode", help="With --check: exit with 4 when something would change.")
    ] = False
    force_handlers: Annotated[
        bool, Option("--force-handlers", help="Run the handlers of a host even if one of its tasks failed.")
    ] = False
    profile: Annotated[bool, Option("--profile", help="Tell at the end where the time of each host went.")] = False
    step: Annotated[bool, Option("--step", help="Ask before each task whether it shall run.")] = False
    lock_timeout: LockTimeout = "0s"
    detach: Annotated[
        bool, Option("--detach", help="Hosts go on by themselves; `sloth runs attach` collects what they did.")
    ] = False


class PromptOptions(Struct, frozen=True):
    """How one command or call of a person goes."""

    check: Check = False
    lock_timeout: LockTimeout = "0s"

    def applied(self, asked: Request, forks: int) -> Request:
        """The request with these."""
        wait = length(self.lock_timeout, "--lock-timeout")
        return replace(asked, check=self.check, forks=forks, lock_wait=wait, live=True)


class ListOptions(Struct, frozen=True):
    """Looking at what a run would touch, in place of running."""

    list_hosts: Annotated[bool, Option("--list-hosts", help="Only show the hosts.")] = False
    list_tasks: Annotated[bool, Option("--list-tasks", help="Only show the tasks.")] = False
    list_tags: Annotated[bool, Option("--list-tags", help="Only show the tags.")] = False

    @property
    def wanted(self) -> bool:
        """Whether any is."""
        return self.list_hosts or self.list_tasks or self.list_tags


class PruneOptions(Struct, frozen=True):
    """What old runs leave behind, and how much of it stays."""

    keep: Annotated[int | None, Option("--keep", min=0, metavar="NUMBER", help="Keep those of the newest runs.")] = None
    older_than: Annotated[
        str | None, Option("--older-than", metavar="TIME", help="Remove those of runs that are older: `30d`.")
    ] = None

    def before(self) -> float | None:
        """The time that what is removed is older than. Raises UsageError when neither option says what goes."""
        if self.keep is None and self.older_than is None:
            raise UsageError(
                "which runs?", hint="`--keep 20` keeps what the newest left, `--older-than 30d` removes the old"
            )
        return None if self.older_than is None else time.time() - length(self.older_than, "--older-than")


def request(
    file: str, targets: TargetOptions, choice: ChoiceOptions, variables: VariableOptions, run: RunOptions,
    settings: Settings,
) -> Request:  # fmt: skip
    """For the engine: what one command line asks for, on this machine if neither it nor the settings name hosts."""
    if run.detach and (run.check or run.step):
        raise UsageError(f"--detach lets hosts work alone, and {'--check' if run.check else '--step'} does not")
    if run.detailed_exitcode and not run.check:
        raise UsageError("--detailed-exitcode tells of pending changes, so it goes with --check")
    return Request(
        file=file,
        targets=targets.targets(settings, targets.sources_or_here(settings)),
        forks=targets.forks or settings["forks"],
        workflow=choice.workflow,
        tags=words(choice.tags),
        skip_tags=words(choice.skip_tags),
        values=tuple(variables.values or ()),
        extra=tuple(variables.extra or ()),
        check=run.check,
        diff=run.diff,
        lock_wait=length(run.lock_timeout, "--lock-timeout"),
        force_handlers=run.force_handlers,
        detach=run.detach,
        start_at=choice.start_at,
    )


def words(given: list[str] | None) -> tuple[str, ...]:
    """`-t a,b -t c` as a, b, c."""
    return tuple(word.strip() for text in given or () for word in text.split(",") if word.strip())


def length(text: str, option: str) -> float:
    """A length of time, as seconds."""
    try:
        return seconds(float(text) if text.replace(".", "", 1).isdecimal() else text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
