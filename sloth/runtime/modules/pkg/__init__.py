"""Packages: installed, in a version, the latest, gone. One transaction a call, none when nothing differs."""

PARTS = {
    "changes": ("install", "latest", "remove", "install_local", "upgrade", "autoremove", "hold", "unhold"),
    "index": ("update", "clean"),
    "looks": ("is_installed", "version", "info", "list", "search", "which", "deps"),
    "sources": ("repository", "key"),
}
