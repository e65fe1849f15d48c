"""Files, directories and links as they shall be: content, lines, owner, mode.

A second run changes nothing. Contents are replaced in one step and keep owner, mode and attributes of
what they replace; `validate` sees the new content before anything else does. Paths on the host may
begin with `~`, and relative ones start at the task's workdir.
"""

PARTS = {
    "copies": ("copy", "template"),
    "mirrors": ("sync",),
    "line_edits": ("lineinfile", "blockinfile"),
    "text_edits": ("replace", "ini"),
    "paths": ("directory", "touch", "link", "absent", "permissions"),
    "looks": ("stat", "find"),
    "archives": ("archive", "unarchive"),
    "transfers": ("download", "fetch"),
}
