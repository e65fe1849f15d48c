"""Facts: plain data of a stable shape, gathered by name, never waiting for ever."""

from __future__ import annotations

import json
import threading

import pytest

from sloth.runtime.facts import GATHERERS, hardware, network, population, storage, system
from sloth.runtime.facts.patience import answers
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import facts
from sloth.runtime.mounts import mounted
from tests.doubles import FakeHost, real_host

ON_ANY_HOST = sorted(set(GATHERERS) - {"packages", "services"})


@pytest.mark.parametrize("name", ON_ANY_HOST)
def test_a_fact_of_this_machine_is_plain_data(name):
    value = facts.get(real_host(), names=[name])
    assert json.loads(json.dumps(value)) == value


def test_several_names_give_a_table():
    assert set(facts.get(real_host(), names=["arch", "uptime"])) == {"arch", "uptime"}


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(BadArguments, match=r"no fact oss; there are hostname.*custom"):
        facts.get(FakeHost(), names=["os", "oss"])


def test_all_leaves_out_what_the_host_cannot_tell_and_warns():
    host = FakeHost(programs=[])
    found = facts.all_(host)
    assert {"os", "memory"} <= set(found)
    assert "packages" not in found
    assert any(text.startswith("no fact packages") for text in host.warnings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('ID=debian\nVERSION_ID="12"\n# c\n', {"ID": "debian", "VERSION_ID": "12"}, id="quotes, comments"),
        pytest.param("NAME='A \"B\"'\n", {"NAME": 'A "B"'}, id="inner quotes"),
    ],
)
def test_os_release_is_read(text, expected):
    assert system.parse_os_release(text) == expected


@pytest.mark.parametrize(
    ("id_", "like", "family"),
    [("debian", "", "debian"), ("linuxmint", "ubuntu debian", "debian"), ("almalinux", "rhel centos fedora", "rhel"),
     ("opensuse-leap", "suse opensuse", "suse"), ("void", "", "void")],
)  # fmt: skip
def test_a_distribution_has_the_family_of_its_oldest_ancestor(id_, like, family):
    assert system.family_of(id_, like) == family


def test_custom_facts_are_files_of_json(tmp_path):
    (tmp_path / "site.json").write_text('{"rack": 7}')
    (tmp_path / "notes.txt").write_text("not a fact")
    assert system.read_custom(str(tmp_path)) == {"site": {"rack": 7}}
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ActionFailed, match=r"bad\.json is no JSON"):
        system.read_custom(str(tmp_path))


INTEL = (
    "processor\t: {n}\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\n"
    "physical id\t: {p}\ncore id\t: {c}\nflags\t: a b\n"
)
ARM = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n\nprocessor\t: 1\n\nHardware\t: BCM2835\n"


def test_cores_and_sockets_are_counted_once():
    threads = [(0, 0, 0), (1, 0, 1), (2, 0, 0), (3, 1, 0)]
    found = hardware.parse_cpuinfo("\n".join(INTEL.format(n=n, p=p, c=c) for n, p, c in threads))
    assert found == {"model": "Xeon", "vendor": "GenuineIntel", "cores": 3, "sockets": 2, "flags": ["a", "b"]}


def test_cpuinfo_of_other_architectures_is_read():
    found = hardware.parse_cpuinfo(ARM)
    assert (found["model"], found["vendor"], found["flags"]) == ("BCM2835", "0x41", ["fp", "asimd"])


def test_memory_of_old_kernels_has_an_available_too():
    found = hardware.parse_meminfo("MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 25 kB\n")
    assert found == {"total": 102400, "free": 10240, "available": 40960, "used": 61440, "swap_total": 0, "swap_free": 0}


MOUNTS = r"""22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:5 / /proc rw,nosuid - proc proc rw
24 22 254:0 /data /bind rw - ext4 /dev/vda rw
25 22 0:40 / /mnt/nfs\040share rw - nfs4 server:/x rw
26 22 0:41 / /mnt/user rw - fuse.sshfs me@host: rw
"""


def test_file_systems_with_files_are_found_once_each():
    assert [one.path for one in storage.with_files(mounted(MOUNTS), {"proc", "fuse"})] == ["/", "/mnt/nfs share", "/mnt/user"]


def test_who_does_not_answer_is_left_behind():
    never = threading.Event()

    def fails() -> object:
        raise PermissionError(13, "no")

    told = answers({"quick": lambda: 1, "dead": never.wait, "refused": fails}, 0.05)
    never.set()
    assert told["quick"] == 1
    assert isinstance(told["refused"], PermissionError)
    assert "dead" not in told


def test_addresses_are_sorted_to_their_interfaces():
    text = "2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0\n2: eth0    inet6 fe80::1/64 scope link\n"
    assert network.parse_addresses(text) == {
        "eth0": [
            {"address": "10.0.0.5", "prefix": 24, "family": "inet"},
            {"address": "fe80::1", "prefix": 64, "family": "inet6"},
        ]
    }


def test_the_default_route_with_the_lowest_metric_is_the_way_out():
    text = (
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "wlan0 00000000 FE01A8C0 0003 0 0 600 00000000 0 0 0\n"
        "eth0 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0\n"
        "eth0 0001A8C0 00000000 0001 0 0 100 00FFFFFF 0 0 0\n"
    )
    assert network.parse_routes(text) == {"interface": "eth0", "gateway": "192.168.1.1"}
    assert network.parse_routes("") == {}


def test_a_process_may_have_brackets_in_its_name():
    stat = "7 (a) (b) S 1 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 100 1000 50 1844"
    assert population.parse_stat(stat) == ("a) (b", "S", 1, 50)
