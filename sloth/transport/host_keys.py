"""Whether a host is the one that it should be: what known_hosts says of its key, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sloth.core.connection import HostKeys
from sloth.core.errors import HostKeyChanged, HostKeyUnknown, Unreachable
from sloth.transport.known_hosts import Known, KnownHosts, Verdict, lookup_name
from sloth.transport.ssh_config import Hop

if TYPE_CHECKING:
    import paramiko


class HostKeyPolicy:
    """paramiko asks it about every key, since it is given no keys of its own."""

    def __init__(self, known: KnownHosts, hop: Hop, mode: HostKeys, patience: float) -> None:
        self.known = known
        self.hop = hop
        self.mode = mode
        self.patience = patience
        self.passed = False
        self.added = False

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Raise unless the key is right."""
        del client, hostname  # the hop tells more
        if self.mode != "off":
            self._judge(key)
        self.passed = True

    def _judge(self, key: paramiko.PKey) -> None:
        hop = self.hop
        verdict = self.known.judge(hop.known_hosts, hop.alias, hop.port, key)
        if verdict.known is Known.NO and self.mode == "accept-new" and hop.known_hosts:
            verdict = self._add(key)
        refusal = _refusal(hop, verdict, f"{key.get_name()} {key.fingerprint}")
        if refusal is not None:
            raise refusal

    def _add(self, key: paramiko.PKey) -> Verdict:
        hop = self.hop
        self.added = True
        try:
            return self.known.add(hop.known_hosts[0], hop.alias, hop.port, key, hashed=hop.hash_names)
        except OSError as error:
            raise HostKeyUnknown(
                f"{hop.label}: its new key cannot be kept in {hop.known_hosts[0]}: {error.strerror}"
            ) from error


def _refusal(hop: Hop, verdict: Verdict, shown: str) -> Unreachable | None:
    """Why the host is not to be talked to; None for one whose key is right. shown: the key, as people compare it."""
    match verdict.known:
        case Known.NO:
            return HostKeyUnknown(
                f"{hop.label}: no known_hosts file has its key ({shown})",
                hint="compare the fingerprint and add the key with ssh-keyscan, or accept all that are new:"
                " --host-keys accept-new",
            )
        case Known.AUTHORITY:
            return HostKeyUnknown(
                f"{hop.label}: only the authority in {verdict.where} vouches for it, which sloth does not support",
                where=verdict.where,
                hint="add the host's own key to known_hosts",
            )
        case Known.REVOKED:
            return HostKeyChanged(
                f"{hop.label}: its key ({shown}) is marked as revoked in {verdict.where}", where=verdict.where
            )
        case Known.CHANGED:
            name, file = lookup_name(hop.alias, hop.port), verdict.where.rpartition(":")[0]
            return HostKeyChanged(
                f"{hop.label}: it shows another key ({shown}) than the known one in {verdict.where}",
                where=verdict.where,
                hint=f"was it set up anew? Then ssh-keygen -R '{name}' -f {file}. If not, somebody may be in between",
            )
    return None
