"""A list of all codes, beside the names of their keys as redis-cli lists them: seconds, and the most memory."""

import statistics
import subprocess

from parts.page import Figure
from parts.whole import copied

ISSUED = "+919876543212"


def measure(machine, codes, rounds):
    """What `issue` leaves of one code, so many times; then both lists, one after the other."""
    machine.run(machine.of("redis", "-q", "issue", ISSUED, "--ttl", "10m"), 0)
    copied(machine, ISSUED, codes)
    scan = ["redis-cli", "-p", str(machine.port), "--scan", "--pattern", "otpctl:*:record"]
    every = machine.of("redis", "list", "--limit", "0", "-o", "jsonl")
    out = f"{machine.home}/list"
    ours, theirs, memory = [], [], []
    for _ in range(rounds):
        theirs.append(machine.long(scan)[0])
        took, peak = machine.long(every, into=out)
        ours.append(took)
        memory.append(peak)
    rows = int(subprocess.run(["wc", "-l", out], capture_output=True, check=True).stdout.split()[0])
    if rows < codes:
        raise SystemExit(f"list printed {rows} rows of {codes}")
    took, scanned, peak = statistics.median(ours), statistics.median(theirs), max(memory)
    return [
        Figure(
            f"`list --limit 0`, {rows:,} codes",
            f"{took:.1f} s",
            f"{took / scanned:.2f} of `redis-cli --scan` ({scanned:.1f} s)",
            "at most 2",
            took / scanned <= 2,
        ),
        Figure("the same, memory", f"{peak:.0f} MB", "", "under 30 MB", peak < 30),
    ]
