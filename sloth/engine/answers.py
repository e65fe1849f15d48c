"""What a host may ask of the controller while it works: a template, a file, a password to become another user."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from sloth.core import conversion
from sloth.core.connection import Connection
from sloth.core.errors import AnswerError
from sloth.core.events import Event
from sloth.core.model import Workflow
from sloth.engine import confined
from sloth.engine.allowance import Allowance
from sloth.engine.announcing import Announcements
from sloth.engine.artifacts import ARTIFACT, Artifacts
from sloth.engine.disclosing import Disclosure, references
from sloth.engine.failures import as_failure
from sloth.engine.fetched import Fetched
from sloth.engine.files import Files, Named, Search, find, search_path
from sloth.engine.stateful import Stateful
from sloth.engine.templates import Blocks, Templates
from sloth.runtime.failure import ActionFailed
from sloth.runtime.job import task_variables
from sloth.runtime.wire import STREAM, Streamed

Fact = Callable[[str], object]
FACT = re.compile(r"\bfacts\.(\w+)")
PATTERNS_LIMIT = 1 << 16  # characters of all patterns of one question
SUM_LENGTH = 64  # of a sha256 in hex


class OnDemand:
    """`facts` and `secrets` inside a template: each is asked for when the template reads it."""

    def __init__(self, ask: Callable[[str], object]) -> None:
        self._ask = ask

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._ask(name)

    def __getitem__(self, name: str) -> object:
        return self._ask(name)

    def get(self, name: str) -> object:
        """The same by a call, as in Lua."""
        return self._ask(name)


class Shared(Struct, frozen=True):
    """What all hosts' answers have in common."""

    workflow: Workflow
    folder: Path
    role_folder: Callable[[str], Path]
    templates: Templates
    files: Files
    named: Named
    artifacts: Artifacts
    publish: Callable[[Event], None]


class Answers:
    """One host's answers, by verb.

    job: the job that the host works on, for its variables, of which some may be sealed. disclosure: what the host may
    see of these and of secrets. files: how much it may send in files. fact(name): asks the host.
    """

    def __init__(
        self,
        shared: Shared,
        job: Mapping[str, Any],
        connection: Connection,
        stateful: Stateful,
        disclosure: Disclosure,
        files: Allowance,
        fact: Fact,
    ) -> None:
        self._shared = shared
        self._job = job
        self._disclosure = disclosure
        self._method = connection.become_method
        self._password = connection.become_password
        self._stateful = stateful
        self._fact = fact
        self._announcements = Announcements(str(job["host"]), shared.publish)
        self._files = files
        self._fetched = Fetched(shared.folder, str(job["host"]), files)
        self._confining = threading.Lock()  # a host that lies gets one process of ours at a time, not all of them

    def verbs(self) -> dict[str, Callable[[dict[str, Any]], object]]:
        """For the Peer."""
        return {
            "template": self.template,
            "file": self.file,
            "tree": self.tree,
            "contents": self.contents,
            "become": self.become,
            "password": self.password,
            "artifact": self.artifact,
            "artifacts": self.artifacts,
            "fetched": self.fetched,
            "fetch": self.fetch,
            "announce": self._announcements.answer,
            "convert": self.convert,
            "state": self._stateful.answer,
            "secret": self.secret,
        }

    def template(self, args: Mapping[str, Any]) -> object:
        """{"src" or "text", "vars", "role", "on_behalf", "own"} → {"text"}."""
        role = self._role(args)
        search = self._search(role, "templates")
        with as_failure():
            if args.get("src") is None:
                return {"text": self._render_text(str(args.get("text")), search, self._variables(args, role))}
            src = str(args["src"])
            find(src, search)
            text = self._shared.templates.text_of(src, search) if self._is_own(src, role) else ""
            blocks = Blocks(trim=args.get("trim_blocks") is not False, lstrip=args.get("lstrip_blocks") is True)
            variables = self._variables(args, role, text)
            return {"text": self._shared.templates.render_file(src, search, variables, blocks)}

    def _is_own(self, src: str, role: str | None) -> bool:
        """Whether a task of this host, of that role, may name the template: others' say what others may see."""
        return self._disclosure.mentions.template(src) and role in {step.get("role") for step in self._job["steps"]}

    def _render_text(self, text: str, search: Search, variables: dict[str, object]) -> str:
        """What the workflow wrote down is rendered here; what a host may have made up, where it can do no harm."""
        if any(text in source for source in self._job["sources"].values()):
            return self._shared.templates.render_text(text, search, variables)
        facts = {name: self._fact(name) for name in sorted(set(FACT.findall(text)))}
        found = {name: self._disclosure.secret(name) for name in sorted(references(text))}
        with self._confining:
            return confined.render(text, search, {**variables, "facts": facts, "secrets": found})

    def secret(self, args: Mapping[str, Any]) -> object:
        """{"name"} → {"value"}, of a secret that the host's tasks name."""
        with as_failure():
            return {"value": self._disclosure.secret(str(args.get("name")))}

    def file(self, args: Mapping[str, Any]) -> Streamed:
        """{"src", "sha256" of what is there, "content", "role"} → the file's description, its content if it differs."""
        role, src = self._role(args), str(args.get("src"))
        search = self._search(role, "files")
        with as_failure():
            path = self._shared.artifacts.path(src) if src.startswith(ARTIFACT) else find(src, search)
            known = str(args.get("sha256") or "")
            return self._shared.files.serve(path, known, content=args.get("content") is not False)

    def tree(self, args: Mapping[str, Any]) -> Streamed:
        """{"src", "exclude", "stream", "role"} → {"mode", "same"}, the manifest (runtime/manifest.py) if it differs.

        The stream is the sum of the host's tree, which looks through its own while this one is looked through.
        """
        with as_failure():
            known = partial(_sum, args.get(STREAM) or ())
            return self._shared.files.tree(self._folder(args), _patterns(args, "exclude"), known)

    def contents(self, args: Mapping[str, Any]) -> Streamed:
        """{"src", "paths", "role"} → the contents of these files of a folder, behind each other."""
        with as_failure():
            return self._shared.files.contents(self._folder(args), _texts(args, "paths"))

    def _folder(self, args: Mapping[str, Any]) -> Path:
        return find(str(args.get("src")), self._search(self._role(args), "files"))

    def artifact(self, args: Mapping[str, Any]) -> object:
        """{"name", "path", "task", "size", "sha256", "mode", "stream"}: a file to keep → {}."""
        with as_failure():
            self._shared.artifacts.keep(str(self._job["host"]), args, self._files)
        return {}

    def artifacts(self, args: Mapping[str, Any]) -> object:
        """{"names" or null} → {"artifacts": [{"id", "name", "task", "host", "path", "size"}]}."""
        with as_failure():
            names = None if args.get("names") is None else _patterns(args, "names")
        found = self._shared.artifacts.find(names)
        return {"artifacts": [one.plain() for one in found]}

    def fetched(self, args: Mapping[str, Any]) -> object:
        """{"name", "sha256"} → {"path", "same"}: where a file of this host goes, and whether it is there."""
        with as_failure():
            return self._fetched.look(args)

    def fetch(self, args: Mapping[str, Any]) -> object:
        """{"name", "sha256", "stream"}: a file of this host → {}."""
        with as_failure():
            self._fetched.keep(args)
        return {}

    def become(self, _args: Mapping[str, Any]) -> object:
        """{"method": by what this host becomes another user, "has_password": whether we have one for that}."""
        return {"method": self._method, "has_password": self._password is not None}

    def convert(self, args: Mapping[str, Any]) -> object:
        """{"format", "text"} → {"value"}; {"format", "value"} → {"text"}."""
        with as_failure():
            return conversion.convert(args)

    def password(self, args: Mapping[str, Any]) -> object:
        """The become password of this host."""
        if self._password is None:
            raise ActionFailed(
                f"becoming {args.get('user')} by {self._method} wants a password: "
                "give one with -K, or sloth_become_password in the inventory"
            )
        return self._password

    def _role(self, args: Mapping[str, Any]) -> str | None:
        name = args.get("role")
        return next((use.name for use in self._shared.workflow.roles if use.name == name), None)

    def _search(self, role: str | None, kind: str) -> Search:
        folder = None if role is None else self._shared.role_folder(role)
        return search_path(self._shared.folder, folder, kind, self._shared.named)

    def _variables(self, args: Mapping[str, Any], role: str | None, template: str = "") -> dict[str, object]:
        """What a template sees. template: its text, where it may name secrets of its own."""
        job = self._job
        host = str(args.get("on_behalf")) if args.get("on_behalf") in job["others"] else job["host"]
        own, given = args.get("own"), args.get("vars")
        sealed = task_variables(
            job["others"].get(host, job["vars"]), job["extra"], job["roles"], role, own if isinstance(own, dict) else {}
        )
        variables = self._disclosure.variables(sealed, template)
        return {
            **variables,
            **(given if isinstance(given, dict) else {}),
            "vars": variables,
            "values": job["values"],
            "groups": job["groups"],
            "inventory_hostname": host,
            "facts": OnDemand(self._fact),
            "secrets": OnDemand(lambda name: self._disclosure.secret(name, template)),
        }


def _texts(args: Mapping[str, Any], name: str) -> list[str]:
    found = args.get(name)
    return [str(one) for one in found] if isinstance(found, list) else []


def _patterns(args: Mapping[str, Any], name: str) -> list[str]:
    """Texts that are compiled, which takes a hundred times their size."""
    found = _texts(args, name)
    if sum(map(len, found)) > PATTERNS_LIMIT:
        raise AnswerError(f"{name} has more than {PATTERNS_LIMIT} characters")
    return found


def _sum(chunks: Iterable[bytes]) -> str:
    """A sum that crossed as a stream."""
    said = b""
    for chunk in chunks:
        said += chunk
        if len(said) > SUM_LENGTH:
            raise AnswerError(f"a sum of more than {SUM_LENGTH} characters is none")
    return said.decode("ascii", "replace")
