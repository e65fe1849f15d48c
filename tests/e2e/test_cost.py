"""What a warm run costs on the wire: one connection and one channel a host, and no upload."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.sloth import Run

pytestmark = pytest.mark.lab

SITE = """
local ts = {}
for i = 1, 20 do
  ts[i] = task("file " .. i):command(function()
    file_ops.copy { dest = "/tmp/sloth-cost-" .. i, content = ("x"):rep(100) .. "\\n" }
  end):build()
end
workflow.define("cost"):tasks(ts)
"""


class Counting:
    """Passes connections on to a host and counts them, and the bytes that go there."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.connections = 0
        self.sent = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            far = socket.create_connection(self.target)
            threading.Thread(target=self._pass, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                if counts:
                    self.sent += len(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.fixture
def counted(lab, lab_hosts) -> Iterator[Counting]:
    counting = Counting((lab_hosts[0].address, 22))
    yield counting
    counting.close()


def test_a_warm_run_sends_the_job_and_nothing_else(lab, lab_hosts, counted: Counting, tmp_path: Path):
    site, inventory = tmp_path / "site.sloth", tmp_path / "hosts.yml"
    site.write_text(SITE)
    inventory.write_text(
        f"all: {{vars: {{sloth_user: root, sloth_private_key: {lab.key}, sloth_host_keys: 'off'}}, "
        f"hosts: {{one: {{sloth_host: 127.0.0.1, sloth_port: {counted.port}}}}}}}\n"
    )
    assert Run(tmp_path / "home", "apply", "-i", inventory, site).end() == 0
    before_connections, before_sent = counted.connections, counted.sent
    warm = Run(tmp_path / "home", "apply", "-i", inventory, site)
    assert warm.end() == 0
    assert set(warm.statuses.values()) == {"ok"}
    assert counted.connections - before_connections == 1
    # the handshake takes some 3 KB, the start line 2 KB, the job some KB; the bundle alone would be a hundred
    assert counted.sent - before_sent < 20_000


def test_a_warm_run_opens_one_channel_a_host(lab_hosts, lab_inventory, tmp_path: Path):
    host = lab_hosts[0]
    site = tmp_path / "site.sloth"
    site.write_text(SITE)
    settings = host.root / "etc/ssh/sshd_config.d/count.conf"
    settings.write_text("LogLevel DEBUG1\n")
    try:
        host.exec("sh", "-c", "systemctl reset-failed ssh && systemctl restart ssh")  # tests restart it often
        assert Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, site).end() == 0
        since = host.exec("date", "+%Y-%m-%d %H:%M:%S.%N").stdout.strip()
        assert Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, site).end() == 0
        log = host.exec("journalctl", "-u", "ssh", "--since", since, "-o", "cat").stdout
        assert log.count("server_input_channel_open: ctype") == 1
        assert log.count("Starting session: command") == 1
        assert "subsystem" not in log
    finally:
        settings.unlink()
        host.exec("sh", "-c", "systemctl reset-failed ssh && systemctl restart ssh")  # tests restart it often
