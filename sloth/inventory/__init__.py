"""Which hosts there are, and what is known about each.

    inventory = load(["inventory/site.yml"], workflow_dir=Path("playbooks"))
    for host in inventory.select("web:!web3"):
        inventory.variables(host), inventory.connection(host)

`views` has what `sloth inventory` shows.
"""

from sloth.inventory.inventory import Inventory, load, local
from sloth.inventory.kept import Kept
from sloth.inventory.programs import Programs

__all__ = ["Inventory", "Kept", "Programs", "load", "local"]
