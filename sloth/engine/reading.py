"""Reading what a run is made of, before there is one: the inventory, and what lies around a workflow.

Apart from root.py, as a shell that completes a word wants these at once, and nothing else.
"""

from __future__ import annotations

import os
from pathlib import Path

from sloth.engine import here
from sloth.engine.request import Targets
from sloth.engine.unlocking import Unlocked
from sloth.inventory import Inventory, Kept, Programs
from sloth.workflow.project import Project


def inventory(
    targets: Targets, workflow_dir: Path | None = None, *, refresh: bool = False, unlocked: Unlocked | None = None
) -> Inventory:
    """The inventory of these targets; localhost alone when no source is given.

    refresh: ask inventory programs even if their last answer is young enough
    unlocked: opens what is encrypted in it; without one, as the targets say
    """
    from sloth.inventory import load as load_inventory
    from sloth.inventory import local

    opener = (unlocked or Unlocked(targets.unlocking, "sloth inventory")).keyring.opener
    if targets.inventory:
        return load_inventory(targets.inventory, workflow_dir=workflow_dir, programs=_programs(refresh), opener=opener)
    return local(workflow_dir=workflow_dir, opener=opener)


def _programs(fresh: bool) -> Programs:
    found = here.configured()
    kept = Kept(here.places(), found["inventory_cache"], Path.cwd(), os.environ, fresh)
    return Programs(found["inventory_timeout"], kept)


def project(folder: Path) -> Project:
    """What lies around the workflows of a folder. Raises ModuleError for a module that cannot be used."""
    found = here.configured()
    return Project.around(folder, found["roles_path"], found["modules_path"])
