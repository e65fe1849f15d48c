"""Whether services start at boot, read off folders: the words that systemctl has for it."""

from __future__ import annotations

import pytest

from sloth.runtime import enablement

WANTED, PLAIN = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n", "[Service]\nExecStart=/bin/true\n"
ALIASED = PLAIN + "[Install]\nAlias=c.service b.service\n"
LIB, ETC, RUN = "lib/systemd/system", "etc/systemd/system", "run/systemd/system"
BOOT = "multi-user.target.wants"


@pytest.mark.parametrize(
    ("name", "tree", "state"),
    [
        pytest.param("a", {f"{LIB}/a": WANTED}, "disabled", id="disabled"),
        pytest.param("a", {f"{LIB}/a": PLAIN}, "static", id="static"),
        pytest.param("a", {f"{LIB}/a": PLAIN + "[Install]\nAlso=b\n"}, "indirect", id="indirect"),
        pytest.param("a", {f"{LIB}/a": WANTED, f"{ETC}/{BOOT}/a": f"-> /{LIB}/a"}, "enabled", id="enabled"),
        pytest.param("a", {f"{LIB}/a": WANTED, f"{RUN}/{BOOT}/a": f"-> /{LIB}/a"}, "enabled-runtime", id="until the next boot"),
        pytest.param("a", {f"{LIB}/a": ALIASED, f"{ETC}/b": f"-> /{LIB}/a"}, "enabled", id="by its alias"),
        pytest.param("a", {f"{LIB}/a": ALIASED, f"{RUN}/b": f"-> /{LIB}/a"}, "enabled-runtime", id="by its alias until then"),
        pytest.param("a", {f"{LIB}/a": WANTED, f"{ETC}/b": f"-> /{LIB}/a"}, "indirect", id="by a name that it does not claim"),
        pytest.param("a@", {f"{LIB}/a@": PLAIN, "run/systemd/generator/b@": f"-> /{LIB}/a@"}, "indirect", id="a generator's name for a template"),
        pytest.param("a", {f"{LIB}/a": PLAIN, f"{LIB}/b": "-> a"}, "static", id="named by its package"),
        pytest.param("b", {f"{LIB}/a": WANTED, f"{ETC}/b": f"-> /{LIB}/a"}, "alias", id="alias"),
        pytest.param("a", {f"{LIB}/a": PLAIN, f"{LIB}/{BOOT}/a": "-> ../a"}, "static", id="bound by its package"),
        pytest.param("a", {f"{LIB}/a": WANTED, f"{ETC}/a": "-> /dev/null"}, "masked", id="masked"),
        pytest.param("a", {f"{LIB}/a": WANTED, f"{ETC}/a": ""}, "masked", id="masked by an empty file"),
        pytest.param("a", {f"{LIB}/a": WANTED, f"{RUN}/a": "-> /dev/null"}, "masked-runtime", id="masked until then"),
        pytest.param("a", {f"{ETC}/a": "-> /opt/a", "opt/a": WANTED}, "linked", id="linked"),
        pytest.param("a", {"run/systemd/generator.late/a": PLAIN}, "generated", id="generated"),
        pytest.param("a", {"run/systemd/transient/a": PLAIN}, "transient", id="transient"),
        pytest.param("a@", {f"{LIB}/a@": WANTED}, "disabled", id="a template"),
        pytest.param("a@", {f"{LIB}/a@": WANTED, f"{ETC}/{BOOT}/a@one": f"-> /{LIB}/a@"}, "indirect", id="an instance"),
        pytest.param(
            "a@",
            {f"{LIB}/a@": WANTED + "DefaultInstance=one\n", f"{ETC}/{BOOT}/a@one": f"-> /{LIB}/a@"},
            "enabled",
            id="the usual instance",
        ),
    ],
)
def test_a_service_is_told_as_systemctl_tells_it(tmp_path, name, tree, state):
    for path, content in tree.items():
        file = tmp_path / f"{path}.service"
        file.parent.mkdir(parents=True, exist_ok=True)
        if content.startswith("-> /dev/null"):
            file.symlink_to("/dev/null")
        elif content.startswith("-> "):
            target = content[3:]
            file.symlink_to((f"{tmp_path}{target}" if target.startswith("/") else target) + ".service")
        else:
            file.write_text(content)
    assert enablement.states(f"{tmp_path}/")[f"{name}.service"] == state


def test_without_systemd_there_is_nothing(tmp_path):
    assert enablement.states(f"{tmp_path}/") == {}
