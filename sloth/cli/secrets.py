"""`sloth secrets`: what is encrypted at rest, and who saw it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from sloth.cli import secret_values
from sloth.cli.command import application, flat
from sloth.cli.options import FormatOption, SecretOptions
from sloth.cli.render import vaults
from sloth.cli.render.format import Format
from sloth.engine.here import configured
from sloth.engine.unlocking import Unlocked

app = application(
    """Secrets: set, get, list, rotate, audit.

    \b
    Each environment has secrets and a passphrase of its own. Values are read from a prompt, standard input or a
    file, never from the command line.
    """
)

Name = Annotated[str, Argument(metavar="NAME", help="The name of a secret.")]
FromFile = Annotated[
    Path | None, Option("--from-file", metavar="FILE", help="Take what this file holds, to its last byte.")
]


@app.command("set")
@flat
def set_(name: Name, *, from_file: FromFile = None, secrets: SecretOptions) -> int:
    """Set a secret: a new version. Without --from-file its value is typed, or read from standard input.

    \b
    example: sloth secrets set db_password
             pwgen 32 1 | sloth secrets set db_password --environment prod
             sloth secrets set tls_key --from-file server.key
    """
    value = secret_values.read(name, from_file)
    made = _open(secrets).vault.put({name: value}, by="sloth secrets set")
    vaults.show_set(made, {name: value})
    return 0


@app.command()
@flat
def get(
    name: Name,
    *,
    version: Annotated[int | None, Option("--version", min=1, metavar="N", help="An older version.")] = None,
    secrets: SecretOptions,
) -> int:
    """Print a secret on standard output, and nothing else there.

    \b
    example: sloth secrets get db_password
             sloth secrets get tls_key --version 2 > server.key
    """
    vaults.show_value(_open(secrets).vault.get(name, version, by="sloth secrets get"))
    return 0


@app.command("list")
@flat
def list_(*, secrets: SecretOptions, form: FormatOption = Format.TEXT) -> int:
    """List the names of secrets; this asks for no passphrase.

    \b
    example: sloth secrets list --environment prod
    """
    vault = _open(secrets).vault
    vaults.show_names(vault.names(), vault.environment, vault.others(), form)
    return 0


@app.command()
@flat
def delete(
    names: Annotated[list[str], Argument(metavar="NAME...", help="The names of secrets.")], *, secrets: SecretOptions
) -> int:
    """Delete secrets with all of their versions.

    \b
    example: sloth secrets delete db_password
    """
    _open(secrets).vault.delete(names, by="sloth secrets delete")
    vaults.show_deleted(names)
    return 0


@app.command()
@flat
def edit(name: Name, *, secrets: SecretOptions) -> int:
    """Edit a secret with $EDITOR, in a file that is in memory only and is removed afterwards.

    \b
    example: sloth secrets edit tls_key
    """
    vault = _open(secrets).vault
    before = vault.get(name, by="sloth secrets edit")
    value = secret_values.edited(before)
    made = vault.put({name: value}, by="sloth secrets edit") if value != before else {}
    vaults.show_set(made, {name: value})
    return 0


@app.command("import")
@flat
def import_(
    file: Annotated[
        Path, Argument(metavar="FILE", help="YAML, TOML, JSON or dotenv; Ansible Vault may have encrypted it.")
    ],
    *,
    secrets: SecretOptions,
) -> int:
    """Set many secrets at once, all or none: the names and texts of a file of variables.

    \b
    example: sloth secrets import group_vars/all/vault.yml --vault-password-file ~/.vault_pass
             sloth secrets import .env --environment dev
    """
    found = _open(secrets)
    values = secret_values.of_file(file, found.keyring)
    vaults.show_set(found.vault.put(values, what="import", by="sloth secrets import"), values)
    return 0


@app.command()
@flat
def rotate(
    names: Annotated[
        list[str] | None, Argument(metavar="[NAME]...", help="Secrets that get a new random value.")
    ] = None,
    *,
    to: Annotated[
        str | None, Option("--to", metavar="SOURCE", help="The new passphrase, as for --passphrase.")
    ] = None,
    secrets: SecretOptions,
) -> int:
    """Encrypt all secrets anew, with another key; or give some of them new random values.

    Values that stand encrypted in other files keep the key that they were made with.

    \b
    example: sloth secrets rotate --to prompt
             sloth secrets rotate --to key:~/.sloth-prod.key --environment prod
             sloth secrets rotate session_key csrf_key
    """
    found = _open(secrets)
    if names:
        values = secret_values.random(names, found.vault, to)
        vaults.show_set(found.vault.put(values, what="rotate", by="sloth secrets rotate"), values)
    else:
        new = None if to is None else found.passphrases.typed_anew(to)
        vaults.show_rotated(found.vault.rotate(new, by="sloth secrets rotate"), found.vault.environment)
    return 0


@app.command()
@flat
def audit(*, secrets: SecretOptions, form: FormatOption = Format.TEXT) -> int:
    """Show who did what with which secret, once the trail is verified. One that was changed is an error.

    \b
    example: sloth secrets audit --environment prod --format json
    """
    vaults.show_trail(_open(secrets).vault.audit(), form)
    return 0


@app.command("encrypt-string")
@flat
def encrypt_string(
    name: Annotated[str, Argument(metavar="NAME", help="The variable that the value is for.")],
    *,
    from_file: FromFile = None,
    toml: Annotated[bool, Option("--toml", help="Print it for a TOML file in place of YAML.")] = False,
    secrets: SecretOptions,
) -> int:
    """Print a value encrypted for a variable, to be put into an inventory or a file of variables.

    \b
    example: sloth secrets encrypt-string db_password >> group_vars/web.yml
    """
    value = secret_values.read(name, from_file)
    vaults.show_string(name, _open(secrets).keyring.write(name, value), toml=toml)
    return 0


def _open(secrets: SecretOptions) -> Unlocked:
    return Unlocked(secrets.unlocking(configured()), "sloth secrets")
