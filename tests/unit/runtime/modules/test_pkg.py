"""Packages: one transaction a call, none when nothing differs, and never one in check mode.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.process import Done
from tests.actions import actions_of
from tests.doubles import FakeHost

pkg = actions_of("pkg")


def listing(**packages: str) -> str:
    """What dpkg-query prints: name="version", or "version state", or "version state provided"."""
    lines = ["dpkg\tamd64\t1.21\tii \t"]
    for name, text in packages.items():
        version, state, provides = [*text.split(), "ii", ""][:3] if " " in text else (text, "ii", "")
        package, _, arch = name.replace("_", "-").partition("--")
        lines.append(f"{package}\t{arch or 'amd64'}\t{version}\t{state} \t{provides}")
    return "\n".join(lines) + "\n"


def having(installed: str) -> dict[str, object]:
    return {"dpkg-query -W": installed}


def refuses(words: str) -> Done:
    return Done(100, b"", words.encode())


@pytest.mark.parametrize(
    ("installed", "arguments", "changes"),
    [
        pytest.param(listing(hello="2.10"), {"packages": ["hello"]}, [], id="34 installed: nothing to do"),
        pytest.param(listing(), {"packages": ["hello"]}, ["apt-get install hello"], id="34 missing"),
        pytest.param(
            listing(tree="1"), {"packages": ["hello", "tree", "jq"]}, ["apt-get install hello jq"],
            id="34 one transaction for all that is missing",
        ),
        pytest.param(listing(), {"packages": ["hello, jq"]}, ["apt-get install hello jq"], id="names in one string"),
        pytest.param(listing(hello="2.10 rc"), {"packages": ["hello"]}, ["apt-get install hello"], id="config left"),
        pytest.param(listing(hello="2.10 iF"), {"packages": ["hello"]}, ["apt-get install hello"], id="half done"),
        pytest.param(listing(hello="1.2.3"), {"packages": ["hello=1.2*"]}, [], id="34 pin that fits"),
        pytest.param(
            listing(hello="1.2.3"), {"packages": ["hello"], "version": "1.3*"}, ["apt-get install hello=1.3*"],
            id="34 pin that does not fit",
        ),
        pytest.param(listing(hello="1.0 hi"), {"packages": ["hello"]}, [], id="36 on hold and there"),
        pytest.param(
            listing(hello__i386="1"), {"packages": ["hello"]}, ["apt-get install hello"],
            id="36 the foreign one is not the host's own",
        ),
        pytest.param(listing(hello__i386="1"), {"packages": ["hello:i386"]}, [], id="36 the foreign one, asked for"),
        pytest.param(
            listing(hello="1"), {"packages": ["hello"], "state": "absent"}, ["apt-get remove hello"], id="absent"
        ),
        pytest.param(listing(), {"packages": ["hello"], "state": "absent"}, [], id="36 absent already"),
    ],
)
def test_install_changes_only_what_differs(installed, arguments, changes):
    host = FakeHost(having(installed))
    pkg.install(host, **arguments)
    assert host.changes == changes


def test_34_what_is_installed_costs_one_dpkg_query_and_no_apt():
    host = FakeHost(having(listing(hello="2.10", tree="1")))
    pkg.install(host, packages=["hello", "tree"], update_cache=True)
    assert len(host.commands) == 1
    assert host.commands[0].startswith("dpkg-query -W")


@pytest.mark.parametrize(
    ("candidate", "changes"),
    [
        pytest.param("(none)", [], id="34 purely virtual and provided"),
        pytest.param("5.1", ["apt-get install awk"], id="a real package of that name exists"),
    ],
)
def test_a_virtual_package_is_there_when_an_installed_one_provides_it(candidate, changes):
    policy = f"awk:\n  Installed: (none)\n  Candidate: {candidate}\n  Version table:\n"
    host = FakeHost({"dpkg-query -W": listing(mawk="1.3 ii awk"), "apt-cache policy": policy})
    pkg.install(host, packages=["awk"])
    assert host.changes == changes


def test_34_wildcards_stand_for_all_that_the_index_has():
    host = FakeHost({"dpkg-query -W": listing(lab_a="1"), "apt-cache pkgnames": "lab-b\nlab-a\nother\n"})
    pkg.install(host, packages=["lab-*"])
    assert host.changes == ["apt-get install lab-b"]


def test_34_a_wildcard_that_matches_nothing_fails():
    host = FakeHost({"dpkg-query -W": listing(), "apt-cache pkgnames": "other\n"})
    with pytest.raises(ActionFailed, match=r"matches lab-\*"):
        pkg.install(host, packages=["lab-*"])


INST = "Inst lab-demo [1.0] (2.0 localhost [all])\nConf lab-demo (2.0 localhost [all])\n"


@pytest.mark.parametrize("check", [False, True])
def test_34_latest_upgrades_what_the_simulation_would(check):
    host = FakeHost({"dpkg-query -W": listing(lab_demo="1.0"), "apt-get install -s": INST}, check=check)
    result = pkg.latest(host, packages=["lab-demo"])
    assert host.changes == ["apt-get install lab-demo"]
    assert not check or result["steps"] == [{"name": "lab-demo", "from": "1.0", "to": "2.0"}]


def test_latest_changes_nothing_when_the_simulation_has_nothing_to_do():
    host = FakeHost({"dpkg-query -W": listing(lab_demo="2.0"), "apt-get install -s": "0 upgraded\n"})
    pkg.latest(host, packages=["lab-demo"])
    assert host.changes == []


def test_36_latest_leaves_a_held_package_and_says_so():
    host = FakeHost({"dpkg-query -W": listing(lab_demo="1.0 hi"), "apt-get install -s": INST})
    pkg.latest(host, packages=["lab-demo"])
    assert host.changes == []
    assert "on hold" in host.warnings[0]


def test_34_only_upgrade_skips_what_is_absent():
    host = FakeHost({"dpkg-query -W": listing(), "apt-get install -s": INST})
    pkg.install(host, packages=["lab-demo"], state="latest", only_upgrade=True)
    assert host.changes == []


def test_37_check_mode_makes_nothing_and_foretells_the_steps():
    plan = "Inst jq (1.6 lab [amd64])\nInst libjq1 (1.6 lab [amd64])\n"
    host = FakeHost({"dpkg-query -W": listing(), "apt-get install -s": plan}, check=True)
    result = pkg.install(host, packages=["jq"])
    assert host.changes == ["apt-get install jq"]
    assert host.made == []
    assert [step["name"] for step in result["steps"]] == ["jq", "libjq1"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        pytest.param("E: Unable to locate package nosuch", "update_cache", id="37 unknown package"),
        pytest.param("E: Packages were downgraded and -y was used without --allow-downgrades.", "downgrade =", id="34 downgrade"),
        pytest.param(
            "E: Held packages were changed and -y was used without --allow-change-held-packages.", "allow_held", id="36 held"
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_a_refusal_is_told_in_the_managers_own_words_with_what_permits_it(words, hint, check):
    host = FakeHost({"dpkg-query -W": listing(), "apt-get install": refuses(words)}, check=check)
    with pytest.raises(ActionFailed) as failed:
        pkg.install(host, packages=["nosuch"], lock_timeout=0)
    assert words in failed.value.message
    assert hint in failed.value.message
    assert host.made == ([] if check else host.made)


def test_37_unmet_dependencies_and_failing_scripts_are_quoted():
    out = b"The following packages have unmet dependencies:\n foo : Depends: bar but it is not installable\n"
    err = b"dpkg: error processing package foo (--configure):\n script returned error exit status 1\nE: Broken\n"
    host = FakeHost({"dpkg-query -W": listing(), "apt-get install": Done(100, out, err)})
    with pytest.raises(ActionFailed) as failed:
        pkg.install(host, packages=["foo"])
    assert "bar but it is not installable" in failed.value.message
    assert "exit status 1" in failed.value.message


def test_35_a_lock_that_stays_is_an_error_that_names_its_holder():
    words = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 42 (unattended-upgr)"
    host = FakeHost({"dpkg-query -W": listing(), "apt-get install": refuses(words)})
    with pytest.raises(ActionFailed, match=r"process 42 \(unattended-upgr\).*lock_timeout"):
        pkg.install(host, packages=["jq"], lock_timeout=0)


@pytest.mark.parametrize(
    ("packages", "why"),
    [
        pytest.param(["-y"], "no package name", id="an option"),
        pytest.param(["hello-"], "no package name", id="apt would remove it"),
        pytest.param(["/tmp/x.deb"], "install_local", id="a file"),
        pytest.param([], "no package is named", id="none"),
    ],
)
def test_what_is_no_package_name_is_refused(packages, why):
    host = FakeHost(having(listing()))
    with pytest.raises(BadArguments, match=why):
        pkg.install(host, packages=packages)
    assert host.commands == []


def test_version_is_for_one_package():
    with pytest.raises(BadArguments, match="one package"):
        pkg.install(FakeHost(having(listing())), packages=["a", "b"], version="1")


@pytest.mark.parametrize(
    ("programs", "why"),
    [pytest.param(["yum", "emerge"], "it has yum, emerge", id="another"), pytest.param([], "no package manager", id="none")],
)
def test_a_host_with_none_that_is_known_is_told_what_it_has(programs, why):
    with pytest.raises(ActionFailed, match=why):
        pkg.install(FakeHost(programs=programs), packages=["jq"])


@pytest.mark.parametrize(
    ("installed", "arguments", "changes"),
    [
        pytest.param(listing(jq="1"), {"packages": ["jq", "tree"]}, ["apt-get remove jq"], id="36 only what is there"),
        pytest.param(listing(jq="1"), {"packages": ["jq"], "purge": True}, ["apt-get remove --purge jq"], id="purge"),
        pytest.param(listing(jq="1 rc"), {"packages": ["jq"]}, [], id="config alone is not installed"),
        pytest.param(
            listing(jq="1 rc"), {"packages": ["jq"], "purge": True}, ["apt-get remove --purge jq"], id="36 purge config"
        ),
        pytest.param(
            listing(php_a="1", php_b="2 rc", jq="1"), {"packages": ["php-*"]}, ["apt-get remove php-a"], id="wildcard"
        ),
    ],
)
def test_remove_takes_only_what_is_there(installed, arguments, changes):
    host = FakeHost(having(installed))
    pkg.remove(host, **arguments)
    assert host.changes == changes


@pytest.mark.parametrize(
    ("act", "state", "changes"),
    [
        pytest.param(pkg.hold, "ii", ["apt-mark hold jq"], id="hold"),
        pytest.param(pkg.hold, "hi", [], id="held already"),
        pytest.param(pkg.unhold, "hi", ["apt-mark unhold jq"], id="unhold"),
        pytest.param(pkg.unhold, "ii", [], id="not held"),
    ],
)
def test_hold_changes_only_what_differs(act, state, changes):
    host = FakeHost(having(listing(jq=f"1 {state}")))
    act(host, packages=["jq"])
    assert host.changes == changes


def test_what_is_not_installed_cannot_be_held():
    with pytest.raises(ActionFailed, match="not installed"):
        pkg.hold(FakeHost(having(listing())), packages=["jq"])


@pytest.mark.parametrize("verb", ["upgrade", "autoremove"])
@pytest.mark.parametrize(("plan", "count"), [("Remv old [1.0]\n", 1), ("0 upgraded, 0 to remove.\n", 0)])
def test_36_a_transaction_over_all_is_made_only_when_it_has_something_to_do(verb, plan, count):
    host = FakeHost({"dpkg-query -W": listing(), f"apt-get {verb} -s": plan})
    getattr(pkg, verb)(host)
    assert len(host.changes) == count


def test_36_install_local_compares_with_what_is_installed():
    answers = {"dpkg-deb --show": "lab-demo\tall\t1.0", "dpkg-query -W": listing(lab_demo__all="1.0")}
    same = FakeHost(answers)
    pkg.install_local(same, path="/srv/lab-demo.deb")
    other = FakeHost({**answers, "dpkg-query -W": listing(lab_demo__all="0.9")})
    pkg.install_local(other, path="/srv/lab-demo.deb")
    assert (same.changes, other.changes) == ([], ["apt-get install /srv/lab-demo.deb"])


def test_queries_tell_what_is_there_and_why_not():
    host = FakeHost({"dpkg-query -W": listing(jq="1.6"), "dpkg-query -S": "libc6:amd64, jq: /usr/bin/jq\n"})
    assert pkg.is_installed(host, name="jq")
    assert not pkg.is_installed(host, name="jq", version="2*")
    assert pkg.version(host, name="jq") == "1.6"
    assert pkg.which(host, path="/usr/bin/jq") == "libc6:amd64"
    assert [one["name"] for one in pkg.list(host)] == ["dpkg", "jq"]
    assert host.changes == []
    with pytest.raises(ActionFailed, match="tree is not installed"):
        pkg.version(host, name="tree")


@pytest.mark.parametrize(("pattern", "is_listed"), [("dpk*", True), ("dpkg", True), ("jq", False)])
def test_dpkg_itself_is_listed_only_when_asked_for(pattern, is_listed):
    found = pkg.list(FakeHost(having(listing())), pattern=pattern)
    assert [one["name"] for one in found] == (["dpkg"] if is_listed else [])
