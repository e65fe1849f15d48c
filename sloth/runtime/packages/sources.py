"""Where packages come from, as each tool wants it written: a file for each repository, and the keys that sign them."""

from sloth.runtime.failure import ActionFailed, BadArguments

MYPY = False
if MYPY:
    from collections.abc import Sequence

_RPM_KEYS = "/etc/pki/rpm-gpg/RPM-GPG-KEY-{}"


class Repository:
    """One repository. key: the path of the key that signs it; is_trusted: without any."""

    def __init__(
        self, name: str, url: str, suites: "Sequence[str]" = (), components: "Sequence[str]" = (),
        architectures: "Sequence[str]" = (), key: str = "", *, is_enabled: bool = True, is_trusted: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self.url = url
        self.suites = tuple(suites)
        self.components = tuple(components)
        self.architectures = tuple(architectures)
        self.key = key
        self.is_enabled = is_enabled
        self.is_trusted = is_trusted


def path_of(program: str, name: str) -> str:
    """The file for a repository."""
    paths = {
        "apt-get": f"/etc/apt/sources.list.d/{name}.sources",
        "dnf": f"/etc/yum.repos.d/{name}.repo",
        "zypper": f"/etc/zypp/repos.d/{name}.repo",
    }
    if program not in paths:
        raise ActionFailed(f"{program} keeps its repositories in one file of its own; file_ops.lineinfile edits that")
    return paths[program]


def text_of(program: str, wanted: Repository) -> str:
    """What the file holds."""
    return _deb822(wanted) if program == "apt-get" else _repo(program, wanted)


def key_path(program: str, name: str, content: bytes) -> str:
    """The file for a key; apt tells the two forms of one by the ending."""
    paths = {
        "apt-get": f"/etc/apt/keyrings/{name}.{'asc' if is_armored(content) else 'gpg'}",
        "dnf": _RPM_KEYS.format(name),
        "zypper": _RPM_KEYS.format(name),
        "apk": f"/etc/apk/keys/{name}",
    }
    if program not in paths:
        raise ActionFailed(f"{program} keeps its keys in a ring of its own; pacman-key adds to that")
    return paths[program]


def key_paths(program: str, name: str) -> "list[str]":
    """All files that a key of this name may be in."""
    return list(dict.fromkeys(key_path(program, name, content) for content in (b"-----BEGIN PGP", b"")))


def is_armored(content: bytes) -> bool:
    """Whether a key is text."""
    return content.lstrip().startswith(b"-----BEGIN PGP")


def _deb822(wanted: Repository) -> str:
    if not wanted.suites:
        raise BadArguments("pkg.repository: apt wants suites, such as bookworm, or ./ for a flat repository")
    is_flat = all(suite.endswith("/") for suite in wanted.suites)
    if not wanted.components and not is_flat:
        raise BadArguments("pkg.repository: apt wants components, such as main")
    fields = {
        "Types": "deb",
        "URIs": wanted.url,
        "Suites": " ".join(wanted.suites),
        "Components": "" if is_flat else " ".join(wanted.components),
        "Architectures": " ".join(wanted.architectures),
        "Signed-By": wanted.key,
        "Trusted": "yes" if wanted.is_trusted else "",
        "Enabled": "" if wanted.is_enabled else "no",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def _repo(program: str, wanted: Repository) -> str:
    if wanted.suites or wanted.components or wanted.architectures:
        raise BadArguments(f"pkg.repository: suites, components and architectures are apt's; {program} has a url alone")
    fields = {
        "name": wanted.name,
        "baseurl": wanted.url,
        "enabled": "1" if wanted.is_enabled else "0",
        "gpgcheck": "0" if wanted.is_trusted else "1",
        "gpgkey": f"file://{wanted.key}" if wanted.key else "",
        "autorefresh": "1" if program == "zypper" else "",
    }
    return f"[{wanted.name}]\n" + "".join(f"{name}={value}\n" for name, value in fields.items() if value)
