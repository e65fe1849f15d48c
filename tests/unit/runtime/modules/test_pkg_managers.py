"""What dnf, zypper and pacman printed (recorded from dnf 4.14, zypper 1.14, pacman 6.0), and what is made of it.

The outputs of apk are written after its documentation and sources, as no Debian has it to record them from.
tests/integration/test_package_tools.py has the real tools.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.packages.apk import Apk
from sloth.runtime.packages.dnf import Dnf
from sloth.runtime.packages.pacman import Pacman
from sloth.runtime.packages.tool import Tool
from sloth.runtime.packages.words import Options, wanted
from sloth.runtime.packages.zypper import Zypper
from sloth.runtime.process import Done
from tests.actions import actions_of
from tests.doubles import FakeHost

pkg = actions_of("pkg")


RPM = "lab-demo\tnoarch\t1.0-1\tlab-demo virtual-lab-demo \nglibc\ti686\t2.36-9\tglibc \n"
DNF_TABLE = """\
Dependencies resolved.
================================================================================
 Package             Architecture      Version             Repository      Size
================================================================================
Installing:
 lab-user            noarch            2.0-1               lab            5.9 k
Installing dependencies:
 a-package-with-a-name-that-is-longer-than-its-column
                     noarch            1.0-1               lab            5.9 k
Upgrading:
 lab-demo            noarch            2.0-1               lab            5.9 k

Transaction Summary
================================================================================
Install  2 Packages
"""
DNF_REMOVAL = """\
Removing:
 lab-user            noarch            1.0-1              @lab              4  
Removing unused dependencies:
 lab-dep             noarch            1.0-1              @lab              4  
"""  # noqa: W291  # as dnf prints it
DNF_DOWNGRADE = """\
Downgrading:
 lab-demo            noarch            0.9-1               lab            5.9 k
"""
ABORTED = b"Operation aborted.\n"
ZYPPER_SUMMARY = """\
<install-summary download-size="12157" space-usage-diff="8" packages-to-change="2">
<to-install>
<solvable type="package" name="lab-dep" edition="1.0-1" arch="noarch" summary="demo lab-dep">
<description>A demo.</description></solvable>
</to-install>
<to-upgrade>
<solvable type="package" name="lab-demo" edition="2.0-1" arch="noarch" edition-old="1.0-1" arch-old="noarch">
<description>A demo.</description></solvable>
</to-upgrade>
<to-remove>
<solvable type="package" name="old" edition="3-1" arch="noarch" summary="old"><description></description></solvable>
</to-remove>
</install-summary>
"""
ZYPPER_LOWER = """\
<message type="info">The selected package &apos;lab-demo-1.0-1.noarch&apos; from repository &apos;lab&apos; has lower \
version than the installed one. Use &apos;zypper install --oldpackage lab-demo-1.0-1.noarch&apos;.</message>
"""
APK_DATABASE = """\
P:musl
V:1.2.4-r2
A:x86_64
o:musl
p:so:libc.musl-x86_64.so.1=1

P:jq
V:1.6-r4
A:x86_64
p:cmd:jq=1.6-r4 virtual-jq

"""
APK_PLAN = """\
(1/4) Installing oniguruma (6.9.8-r1)
(2/4) Upgrading jq (1.6-r4 -> 1.7-r0)
(3/4) Downgrading tree (2.1-r0 -> 2.0-r0)
(4/4) Purging hello (2.12-r0)
OK: 14 MiB in 20 packages
"""


def steps(manager: Tool, verb: str, *names: str, **options: bool) -> list[tuple[str, str | None, str | None, bool]]:
    planned = manager.plan(verb, list(names), Options(**options))  # type: ignore[arg-type]  # only flags are given
    return [(step.name, step.before, step.after, step.is_downgrade) for step in planned]


def test_dnf_plans_by_its_table():
    host = FakeHost({"rpm -qa": RPM, "dnf install --assumeno": Done(1, DNF_TABLE.encode(), ABORTED)})
    assert steps(Dnf(host, 0), "install", "lab-user") == [
        ("lab-user", None, "2.0-1", False),
        ("a-package-with-a-name-that-is-longer-than-its-column", None, "1.0-1", False),
        ("lab-demo", "1.0-1", "2.0-1", False),
    ]
    host = FakeHost({"rpm -qa": RPM, "dnf remove --assumeno": Done(1, DNF_REMOVAL.encode(), ABORTED)})
    assert steps(Dnf(host, 0), "remove", "lab-user") == [
        ("lab-user", "1.0-1", None, False), ("lab-dep", "1.0-1", None, False),
    ]  # fmt: skip


def test_dnf_with_nothing_to_do_plans_nothing():
    host = FakeHost({"rpm -qa": RPM, "dnf install": "Dependencies resolved.\nNothing to do.\nComplete!\n"})
    assert steps(Dnf(host, 0), "latest", "lab-demo") == []


@pytest.mark.parametrize("check", [False, True])
def test_34_dnf_would_downgrade_without_a_word_and_is_not_let(check):
    answers = {"rpm -qa": RPM, "dnf install --assumeno": Done(1, DNF_DOWNGRADE.encode(), ABORTED)}
    host = FakeHost(answers, check=check, programs=["dnf"])
    with pytest.raises(ActionFailed, match=r"downgrade lab-demo from 1\.0-1 to 0\.9-1 \(allow_downgrade"):
        pkg.install(host, packages=["lab-demo=0.9"])
    assert (host.changes, host.made) == ([], [])


def test_what_rpm_has_is_known_with_and_without_its_release():
    there = Dnf(FakeHost({"rpm -qa": RPM}), 0).packages([])
    asked = {text: wanted([text])[0] for text in ("lab-demo=1.0", "lab-demo=1.0-1", "lab-demo=1.*", "lab-demo=2.0")}
    assert [text for text, one in asked.items() if one.is_met_by(there[0])] == [
        "lab-demo=1.0", "lab-demo=1.0-1", "lab-demo=1.*",
    ]  # fmt: skip
    assert [package.is_native for package in there] == [True, False]


@pytest.mark.parametrize("program", ["dnf", "zypper"])
def test_what_is_installed_costs_one_query_of_rpm_and_no_start_of_the_tool(program):
    host = FakeHost({"rpm -qa": RPM}, programs=[program])
    pkg.install(host, packages=["lab-demo"], update_cache=True)
    assert len(host.commands) == 1
    assert host.commands[0].startswith("rpm -qa")


@pytest.mark.parametrize(
    ("program", "arguments", "made"),
    [
        pytest.param("dnf", {"packages": ["a", "b=1*"], "allow_downgrade": True, "recommends": False},
                     "dnf install -y -q --setopt=exit_on_lock=True --setopt=install_weak_deps=False a b-1*", id="dnf"),
        pytest.param("dnf", {"packages": ["lab-demo"], "state": "absent"},
                     "dnf remove -y -q --setopt=exit_on_lock=True --setopt=clean_requirements_on_remove=False lab-demo",
                     id="dnf remove leaves what others brought"),
        pytest.param("zypper", {"packages": ["a", "b=1"], "allow_downgrade": True},
                     "zypper --non-interactive --quiet install --oldpackage a b=1", id="zypper"),
        pytest.param("zypper", {"packages": ["lab-demo"], "state": "absent", "autoremove": True},
                     "zypper --non-interactive --quiet remove --clean-deps lab-demo", id="zypper remove"),
        pytest.param("pacman", {"packages": ["a", "b=1-1"], "allow_downgrade": True},
                     "pacman -S --needed --noconfirm --noprogressbar a b=1-1", id="pacman"),
        pytest.param("pacman", {"packages": ["lab-demo"], "state": "absent", "purge": True, "autoremove": True},
                     "pacman -Rcsn --noconfirm --noprogressbar lab-demo", id="pacman remove"),
        pytest.param("apk", {"packages": ["a", "b=1.2*"], "allow_downgrade": True},
                     "apk add --no-progress a b~1.2", id="apk"),
    ],
)  # fmt: skip
def test_one_call_is_one_transaction(program, arguments, made):
    host = FakeHost({"rpm -qa": RPM, "pacman -Q": "lab-demo 1.0-1\n", "pacman -T": "a\nb\n"}, programs=[program])
    pkg.install(host, **arguments)
    assert host.made == [made]


def test_zypper_plans_by_its_summary():
    host = FakeHost({"zypper --non-interactive --xmlout install --dry-run": ZYPPER_SUMMARY})
    assert steps(Zypper(host, 0), "install", "lab-demo") == [
        ("lab-dep", None, "1.0-1", False), ("lab-demo", "1.0-1", "2.0-1", False), ("old", "3-1", None, False),
    ]  # fmt: skip


def test_34_zypper_that_does_nothing_about_a_lower_version_is_a_failure():
    host = FakeHost({"rpm -qa": RPM, "zypper --non-interactive --xmlout install": ZYPPER_LOWER}, programs=["zypper"])
    with pytest.raises(ActionFailed, match=r"lower version than the installed one.*allow_downgrade = true"):
        pkg.install(host, packages=["lab-demo=0.9"])


def test_zypper_that_advises_a_reboot_has_done_its_work():
    host = FakeHost({"rpm -qa": RPM, "zypper --non-interactive --quiet install": 102}, programs=["zypper"])
    pkg.install(host, packages=["kernel"])
    assert host.changes == ["zypper install kernel"]


def test_pacman_plans_with_the_versions_that_are_there():
    answers = {"pacman -Q": "lab-demo 1.0-1\nlab-dep 1.0-1\n", "vercmp 2.0-1 1.0-1": "1\n", "vercmp 0.9-1 1.0-1": "-1\n"}
    up = FakeHost({**answers, "pacman -S --needed --print": "lab-new 1-1\nlab-demo 2.0-1\n"})
    assert steps(Pacman(up, 0), "install", "x") == [
        ("lab-new", None, "1-1", False), ("lab-demo", "1.0-1", "2.0-1", False),
    ]  # fmt: skip
    down = FakeHost({**answers, "pacman -S --needed --print": "lab-demo 0.9-1\n"})
    assert steps(Pacman(down, 0), "install", "x") == [("lab-demo", "1.0-1", "0.9-1", True)]


def test_pacman_says_that_it_cannot_hold():
    host = FakeHost({"pacman -Q": "lab-demo 1.0-1\n"}, programs=["pacman"])
    with pytest.raises(ActionFailed, match=r"IgnorePkg in /etc/pacman\.conf"):
        pkg.hold(host, packages=["lab-demo"])


@pytest.fixture
def apk(tmp_path: Path) -> Apk:
    for path, text in (("lib/apk/db/installed", APK_DATABASE), ("etc/apk/world", "jq=1.6-r4 alpine-base\n")):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
    return Apk(FakeHost({"apk add --simulate": APK_PLAN}), 0, str(tmp_path))


def test_apk_reads_its_database(apk):
    there = {package.name: package for package in apk.packages([])}
    assert {name: package.version for name, package in there.items()} == {"musl": "1.2.4-r2", "jq": "1.6-r4"}
    assert (there["jq"].is_held, there["musl"].is_held) == (True, False)
    assert wanted(["jq=1.6"])[0].is_met_by(there["jq"])
    assert apk.automatic() == {"musl"}
    assert apk.provided(["virtual-jq", "nosuch"]) == {"virtual-jq"}


def test_apk_plans_by_its_simulation(apk):
    assert steps(apk, "install", "jq") == [
        ("oniguruma", None, "6.9.8-r1", False), ("jq", "1.6-r4", "1.7-r0", False), ("tree", "2.1-r0", "2.0-r0", True),
        ("hello", "2.12-r0", None, False),
    ]  # fmt: skip
    assert steps(apk, "autoremove") == []


def test_apk_holds_by_a_version_in_world(apk):
    apk.hold(["jq"], True)
    apk.hold(["jq"], False)
    assert apk.host.made == ["apk add --no-progress jq=1.6-r4", "apk add --no-progress jq"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        pytest.param(Dnf, "Existing lock /var/run/dnf.pid: another copy is running as pid 42.", id="dnf"),
        pytest.param(Zypper, "System management is locked by the application with pid 42 (zypper).", id="zypper"),
        pytest.param(Pacman, "error: failed to init transaction (unable to lock database)", id="pacman"),
        pytest.param(Apk, "ERROR: Unable to lock database: Resource temporarily unavailable", id="apk"),
    ],
)
def test_a_lock_that_stays_is_told(kind, words):
    manager = kind(FakeHost({kind.program: Done(1, b"", words.encode())}), 0)
    with pytest.raises(ActionFailed) as failed:
        manager.change("", *manager.command("install", ["x"], Options()))
    assert manager.is_locked(failed.value)
    assert words.split(":")[-1].strip() in failed.value.message


@pytest.mark.parametrize(
    ("kind", "option"),
    [(Dnf, "purge"), (Zypper, "allow_held"), (Pacman, "recommends"), (Apk, "release")],
)
def test_an_option_that_a_tool_has_nothing_for_is_refused(kind, option):
    options = Options()
    setattr(options, option, True)
    with pytest.raises(BadArguments, match="has nothing for"):
        kind(FakeHost(), 0).transact("install", ["x"], options)


@pytest.mark.parametrize(
    ("programs", "first"),
    [(["apt-get", "dnf", "rpm"], "apt-get"), (["dnf", "yum"], "dnf"), (["zypper"], "zypper"), (["apk"], "apk")],
)
def test_the_first_that_a_host_has_is_its_own(programs, first):
    from sloth.runtime.packages.choice import manager_of

    assert manager_of(FakeHost(programs=programs)).program == first
