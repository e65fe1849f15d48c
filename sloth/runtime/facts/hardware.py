"""Facts of the machine: processors and memory."""

import os

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_MODEL = ("model name", "Model", "Hardware", "cpu model", "uarch")
_KIB = 1024


def cpu(host: "Host") -> "dict[str, object]":
    """count (logical), cores, sockets, model, vendor, flags (a list); cores and sockets 0 where nobody tells."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        found = parse_cpuinfo(file.read())
    return dict(found, count=os.cpu_count() or 1)


def memory(host: "Host") -> "dict[str, int]":
    """Bytes: total, available, free, used, swap_total, swap_free."""
    with open("/proc/meminfo", encoding="ascii", errors="replace") as file:
        return parse_meminfo(file.read())


def parse_cpuinfo(text: str) -> "dict[str, object]":
    """What /proc/cpuinfo says, all architectures differing."""
    processors = [_fields(block) for block in text.strip().split("\n\n")]
    every = {key: value for fields in reversed(processors) for key, value in fields.items()}
    cores = {(fields.get("physical id"), fields["core id"]) for fields in processors if "core id" in fields}
    sockets = {fields["physical id"] for fields in processors if "physical id" in fields}
    return {
        "model": next((every[key] for key in _MODEL if key in every), ""),
        "vendor": every.get("vendor_id", every.get("CPU implementer", "")),
        "cores": len(cores),
        "sockets": len(sockets),
        "flags": every.get("flags", every.get("Features", "")).split(),
    }


def parse_meminfo(text: str) -> "dict[str, int]":
    """What /proc/meminfo says, in bytes."""
    kib = {key: int(value.split()[0]) for key, value in _fields(text).items()}
    total, free = kib["MemTotal"], kib["MemFree"]
    available = kib.get("MemAvailable", free + kib.get("Buffers", 0) + kib.get("Cached", 0))
    return {
        "total": total * _KIB, "free": free * _KIB, "available": available * _KIB, "used": (total - available) * _KIB,
        "swap_total": kib.get("SwapTotal", 0) * _KIB, "swap_free": kib.get("SwapFree", 0) * _KIB,
    }


def _fields(block: str) -> "dict[str, str]":
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, is_field, value in pairs if is_field}
