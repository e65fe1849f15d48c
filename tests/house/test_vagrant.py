"""The Vagrantfile parses, and the inventory beside it names its boxes at their addresses."""

from __future__ import annotations

import re
import shutil
import subprocess

import yaml

from tests.house.sources import ROOT
from tests.prerequisites import skip_or_fail

VAGRANTFILE = ROOT / "vagrant/Vagrantfile"


def test_the_vagrantfile_is_ruby():
    ruby = shutil.which("ruby") or skip_or_fail("needs ruby, to parse the Vagrantfile")
    done = subprocess.run([ruby, "-c", VAGRANTFILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_inventory_names_the_boxes_at_their_addresses():
    boxes = dict(re.findall(r'"(\w+)" => (\d+)', VAGRANTFILE.read_text()))
    groups = yaml.safe_load((ROOT / "vagrant/inventory.yml").read_text())["all"]["children"]
    hosts = {name: host for group in groups.values() for name, host in group["hosts"].items()}
    assert {name: host["sloth_host"] for name, host in hosts.items()} == {
        name: f"192.168.56.{number}" for name, number in boxes.items()
    }
    assert len(boxes) == 3
