"""`sloth completion`: what a shell needs to complete sloth's commands and options.

The shell asks sloth itself at each Tab, by the variables below; typer answers. When it has nothing to offer, the
shell completes names of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from sloth.cli.command import COMPLETE, application
from sloth.cli.render import notes

app = application()


class Shell(StrEnum):
    """Shells that can complete sloth."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_BASH = f"""\
_sloth_completion() {{
    local IFS=$'\\n'
    COMPREPLY=($(COMP_WORDS="${{COMP_WORDS[*]}}" COMP_CWORD=$COMP_CWORD {COMPLETE}=complete_bash "$1"))
    [[ ${{#COMPREPLY[@]}} == 1 && ${{COMPREPLY[0]}} == *[.=] ]] && compopt -o nospace 2>/dev/null
}}
complete -o default -F _sloth_completion sloth"""

# A file in fpath is itself the function: zsh looks for #compdef in its first line, and runs it at the first Tab.
_ZSH = f"""\
#compdef sloth
_sloth_completion() {{
    eval $(_TYPER_COMPLETE_ARGS="${{words[1,$CURRENT]}}" {COMPLETE}=complete_zsh sloth)
}}
if [[ $funcstack[1] == _sloth ]]; then
    _sloth_completion
else
    compdef _sloth_completion sloth
fi"""

_FISH_ASKS = f"env {COMPLETE}=complete_fish _TYPER_COMPLETE_ARGS=(commandline -cp) _TYPER_COMPLETE_FISH_ACTION="
_FISH = f"""\
complete --command sloth --no-files \\
    --condition "{_FISH_ASKS}is-args sloth" \\
    --arguments "({_FISH_ASKS}get-args sloth)\""""

_SCRIPTS: Mapping[Shell, str] = {Shell.BASH: _BASH, Shell.ZSH: _ZSH, Shell.FISH: _FISH}


@app.command()
def completion(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="Yours: bash, zsh or fish.")]) -> int:
    """Print the completion of a shell, to be read by it.

    \b
    example: sloth completion bash > ~/.local/share/bash-completion/completions/sloth
             sloth completion zsh > ~/.zfunc/_sloth    (with ~/.zfunc in fpath, before compinit)
             sloth completion fish > ~/.config/fish/completions/sloth.fish
    """
    notes.say(_SCRIPTS[shell])
    return 0


def know_shells() -> None:
    """Let typer answer the shells that it knows; it does so by itself only beside options that we do not want."""
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()
