"""Calls by position, as users write them: the order of parameters is a promise, here for actions that take several."""

from __future__ import annotations

import pytest

from sloth.runtime.catalog import Catalog

CATALOG = Catalog()


@pytest.mark.parametrize(
    ("action", "values", "names"),
    [
        ("exec.run", ["true", "/srv"], "command workdir"),
        ("exec.script", ["x.sh", "-a", "b"], "src args"),
        ("file_ops.copy", ["motd", "/etc/motd"], "src dest"),
        ("file_ops.fetch", ["/etc/motd", "motd"], "src dest"),
        ("file_ops.template", ["x.j2", "/etc/x", {"port": 1}], "src dest vars"),
        ("file_ops.lineinfile", ["/etc/x", "line"], "path line"),
        ("file_ops.blockinfile", ["/etc/x", "block"], "path block"),
        ("file_ops.replace", ["/etc/x", "a", "b"], "path pattern replacement"),
        ("file_ops.ini", ["/etc/x", "section", "option", "value"], "path section option value"),
        ("file_ops.permissions", ["/etc/x", "0644", "root", "adm"], "path mode owner group"),
        ("file_ops.link", ["/a", "/b"], "src dest"),
        ("file_ops.unarchive", ["x.tar", "/srv"], "src dest"),
        ("file_ops.sync", ["site/", "/srv", True], "src dest delete"),
        ("file_ops.download", ["http://x/y", "/srv/y", "sha256:00"], "url dest checksum"),
        ("fs.write", ["/x", "text", "0600"], "path content mode"),
        ("fs.move", ["/a", "/b"], "src dest"),
        ("template.render", ["x", {"a": 1}], "template vars"),
        ("systemd.create_service", ["app", "the app", "/srv/app"], "name description exec_start"),
        ("user.authorized_key", ["ann", ["ssh-ed25519 x"], "present", True], "user key state exclusive"),
        ("git.clone", ["http://x/y", "/srv/y", "main"], "url path version"),
        ("http.request", ["GET", "http://x/y"], "method url"),
        ("http.post", ["http://x/y", "body"], "url body"),
        ("net.wait_for", ["db1", 5432], "address port"),
        ("cron.add", ["job", "@daily", "true"], "name schedule command"),
        ("sysctl.set", ["vm.swappiness", "10", False], "name value persistent"),
        ("sshd.option", ["Port", 22, False], "key value validate"),
        ("state.set", ["key", "value", 60.0], "key value ttl"),
        ("stack.register_resource", ["vm", "web1", {"a": 1}], "type name properties"),
        ("infra_test.can_connect", ["db1", 5432], "address port"),
        ("data.get_path", [{"a": 1}, "a", 2], "value path default"),
    ],
    ids=lambda one: one if isinstance(one, str) and "." in one else "",
)
def test_values_by_position_go_where_their_writer_means_them(action, values, names):
    bound = CATALOG.find(*action.split(".")).bind(values, {})
    assert list(bound) == names.split()
