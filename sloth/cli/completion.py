"""`sloth completion`: what a shell needs to complete sloth's commands and options."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sloth.cli.command import COMPLETE, application

app = application()


class Shell(StrEnum):
    """Shells that can complete sloth."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command()
def completion(context: typer.Context, shell: Annotated[Shell, typer.Argument(help="Your shell.")]) -> int:
    """Print the completion of a shell, to be read by it.

    \b
    example: sloth completion bash > ~/.local/share/bash-completion/completions/sloth
             sloth completion zsh > ~/.zfunc/_sloth
             sloth completion fish > ~/.config/fish/completions/sloth.fish
    """
    from typer.completion import shell_complete

    know_shells()
    return shell_complete(context.find_root().command, {}, "sloth", COMPLETE, f"source_{shell}")


def know_shells() -> None:
    """Let typer answer the shells that it knows; it does so by itself only beside options that we do not want."""
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()
