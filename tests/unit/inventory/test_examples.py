"""The inventories that come with sloth do what their comments say."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.inventory import load

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("path", ["inventory/local.yml", "inventory/site.yml", "inventory/example.toml", "inventory"])
def test_every_example_resolves_without_a_warning(path: str):
    inventory = load([str(ROOT / path)])
    assert [inventory.connection(host).name for host in inventory.select("all")] == list(inventory.hosts)
    assert inventory.warnings(inventory.hosts) == []


def test_the_site_shows_groups_files_and_patterns():
    inventory = load([str(ROOT / "inventory/site.yml")])
    assert inventory.select("web:&staging") == ["web3"]
    assert [inventory.variables(host).get("web_port") for host in inventory.hosts] == [8080, 8080, 8081, None]
    assert inventory.connection("db1").jump == "deploy@bastion.example.org"


def test_the_local_example_needs_no_ssh():
    assert load([str(ROOT / "inventory/local.yml")]).connection("localhost").connection == "local"
