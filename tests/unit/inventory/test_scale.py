"""Ten thousand hosts are no reason to wait."""

from __future__ import annotations

import time

from sloth.inventory import load

HOSTS = 10_000


def test_ten_thousand_hosts_load_and_select_in_about_a_second(write, tmp_path):
    lines = [f"      h{n:05}:\n        ansible_host: 10.0.{n // 250}.{n % 250}\n        n: {n}\n" for n in range(HOSTS)]
    path = write("hosts.yml", "web:\n  hosts:\n" + "".join(line.replace("      ", "    ", 1) for line in lines))
    started = time.process_time()
    inventory = load([str(path)], workflow_dir=tmp_path)
    chosen = inventory.select("web:!h00007:!~h.*9$")
    for host in chosen:
        inventory.variables(host)
        inventory.connection(host)
    spent = time.process_time() - started
    assert len(chosen) == HOSTS * 9 // 10 - 1
    # A second and a half on a slow machine; the bound catches what grows with the square of the hosts.
    assert spent < 8, f"{spent:.1f} s"
