"""Users and groups: created, changed, locked, removed; their passwords as hashes, their SSH keys.

To change a user who does not exist is an error. Only check mode goes on with a warning (`would_run`): an earlier
task may be about to make that user.
"""

PARTS = {
    "accounts": ("create", "modify", "delete", "exists", "get_info", "list"),
    "passwords": ("set_password", "lock", "unlock"),
    "memberships": ("add_to_group", "remove_from_group", "get_groups"),
    "groups": ("group_create", "group_delete", "group_exists", "group_members"),
    "keys": ("authorized_key",),
    "key_pairs": ("ssh_key",),
}
