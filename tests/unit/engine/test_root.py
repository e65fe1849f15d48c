"""What a front's request becomes, before anything connects."""

from __future__ import annotations

import pytest

from sloth.core.errors import UsageError
from sloth.engine.request import Request
from sloth.engine.root import plan


@pytest.mark.parametrize("name", ["ansible_become_password", "sloth_password", "ansible_ssh_pass"])
def test_a_password_of_connections_goes_to_no_host_as_a_variable(tmp_path, name):
    (tmp_path / "site.sloth").write_text('task("a"):command("true"):build()')
    (tmp_path / "values.yml").write_text(f"{name}: secret\n")
    file = str(tmp_path / "site.sloth")
    for request in (Request(file, extra=(f"{name}=secret",)), Request(file, values=(str(tmp_path / "values.yml"),))):
        with pytest.raises(UsageError, match=f"{name} is a password of connections") as raised:
            plan(request, lambda event: None)
        assert "secret" not in str(raised.value)
