"""Units under systemd: running, stopped, enabled, masked; services and timers of one's own.

Where an action takes several units, they are looked at together and changed together, by one command for each. All
are there and can be what is wanted, or none is touched. Only check mode goes on with a warning (`would_run`): the
package or the file of a unit may come with an earlier task, which check mode leaves.
"""

PARTS = {
    "states": (
        "running", "start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask", "daemon_reload",
        "is_active", "is_enabled", "status", "show", "list_services", "logs",
    ),
    "own": ("create_service", "remove_service", "timer"),
}  # fmt: skip
