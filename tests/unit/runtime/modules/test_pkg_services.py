"""Services of new packages: not started where the caller does not want it, and the host's own policy comes back.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.packages.apt import Apt
from sloth.runtime.packages.words import Options
from sloth.runtime.process import Done
from tests.doubles import FakeHost

NOTHING = "dpkg\tamd64\t1.21\tii \t\n"
OWN = "#!/bin/sh\nexit 0 # the host's own\n"


class Watched(FakeHost):
    """A host that remembers what the policy said while a package was installed; `fails`: then apt fails."""

    def __init__(self, policy: Path, *, fails: bool = False, check: bool = False) -> None:
        answers = {"dpkg-query -W": NOTHING, "apt-get install": Done(100 if fails else 0, b"", b"E: broken\n")}
        super().__init__(answers, check=check)
        self.policy = policy
        self.seen: list[str] = []

    def change(self, *argv: str, **more: object) -> Done:
        self.seen.append(self.policy.read_text() if self.policy.exists() else "")
        return super().change(*argv, **more)  # type: ignore[arg-type]  # what it was called with


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "usr/sbin/policy-rc.d"
    path.parent.mkdir(parents=True)
    return path


def install(host: Watched, root: Path, *, start_services: bool = False) -> None:
    Apt(host, 0, root=str(root)).transact("install", ["nginx"], Options(start_services=start_services))


@pytest.mark.parametrize("before", [None, OWN], ids=["36 none there", "36 the host's own"])
@pytest.mark.parametrize("fails", [False, True], ids=["goes well", "fails"])
def test_nothing_is_started_and_the_policy_is_as_it_was_afterwards(tmp_path, policy, before, fails):
    if before is not None:
        policy.write_text(before)
        policy.chmod(0o700)
    host = Watched(policy, fails=fails)
    try:
        install(host, tmp_path)
    except ActionFailed:
        assert fails
    assert host.seen[0].endswith("exit 101\n")
    assert (policy.read_text() if policy.exists() else None) == before
    assert before is None or policy.stat().st_mode & 0o777 == 0o700
    assert len(list(policy.parent.iterdir())) == (before is not None)


def test_36_what_a_killed_run_has_left_is_tidied_up(tmp_path, policy):
    policy.write_text("#!/bin/sh\n# of sloth, while packages are installed\nexit 101\n")
    policy.with_name("policy-rc.d.sloth-kept").write_text(OWN)
    install(Watched(policy), tmp_path)
    assert ([path.name for path in policy.parent.iterdir()], policy.read_text()) == (["policy-rc.d"], OWN)


@pytest.mark.parametrize(("check", "start_services"), [(True, False), (False, True)], ids=["check mode", "not asked for"])
def test_36_the_policy_is_left_alone(tmp_path, policy, check, start_services):
    host = Watched(policy, check=check)
    install(host, tmp_path, start_services=start_services)
    assert (host.seen, list(policy.parent.iterdir())) == ([""], [])
