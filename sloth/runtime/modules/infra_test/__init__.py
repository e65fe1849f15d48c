"""Checks: what has to be so. One that holds changes nothing and says so; one that does not is a failure.

They only look, in check mode as well. `sloth verify` runs the checks of a workflow and reports them as tests.
"""

PARTS = {
    "files": (
        "file_exists", "is_file", "is_directory", "file_contains", "file_mode", "file_owner", "file_group", "file_size",
    ),
    "network": ("port_is_listening", "port_is_tcp", "can_connect", "ping"),
    "web": ("http_status",),
    "services": ("service_is_running", "service_is_enabled", "process_is_running", "process_count"),
    "commands": (
        "command_succeeds", "command_fails", "command_stdout_contains", "command_stderr_is_empty",
        "command_output_equals",
    ),
    "packages": ("package_is_installed", "package_version"),
}  # fmt: skip
