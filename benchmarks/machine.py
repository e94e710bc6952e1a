"""The machine and the software that the numbers belong to."""

import os
import platform
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def processor() -> str:
    """Name of the processor, with what distinguishes it when its maker hides the model."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    found = {key.strip(): value.strip() for key, value in fields.items()}
    name = found.get("model name", platform.machine())
    numbers = ", ".join(f"{key} {found[key]}" for key in ("cpu family", "model") if key in found)
    return f"{name} ({numbers})" if numbers else name


def load() -> list[float]:
    """Load averages over 1, 5 and 15 minutes; empty where the system has none."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else []


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of those of the packages that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def describe(packages: Iterable[str]) -> dict[str, object]:
    """What a reader needs to know to compare: ready for JSON."""
    described: dict[str, object] = {
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": versions(packages),
        "load": load(),
    }
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        described["memory_gb"] = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    return described


def sentence(described: dict) -> str:
    """The description as a paragraph of Markdown."""
    packages = ", ".join(f"{name} {number}" for name, number in described["packages"].items())
    memory = f", {described['memory_gb']} GB of memory" if "memory_gb" in described else ""
    busy = f" Load average before the run: {', '.join(map(str, described['load']))}." if described["load"] else ""
    return (
        f"Measured on {described['date']}: {described['processor']}, {described['cores']} cores{memory}, "
        f"{described['system']}, Python {described['python']}, {packages}.{busy}"
    )
