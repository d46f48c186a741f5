"""Many at once: sends to a gateway on the same machine, and codes that are issued, beside redis-benchmark with the same
scripts and as many of them under way."""

import os
import statistics
import subprocess
import time

from parts.machine import BENCHES, requests_of, words_of
from parts.page import Figure

# So many lines are under way at once, and so many commands in the pipeline of redis-benchmark.
AT_ONCE = 64
RECORDED = "+919876543213"


def numbers(machine, name, first, count):
    """A file of phones, a line each."""
    path = f"{machine.home}/{name}"
    with open(path, "w") as file:
        file.writelines(f"+9197{first + nth:08}\n" for nth in range(count))
    return path


def sends(machine, count, rounds):
    """Sends a second, to a gateway that accepts each at once."""
    gateway = machine.start(
        [machine.compiled(os.path.join(BENCHES, "gateway.c"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    port = gateway.stdout.readline().strip()
    telnyx = f'[providers.main]\nkind = "telnyx"\napi_key = "KEY0123"\nfrom = "+13125550100"\nbase_url = "http://127.0.0.1:{port}"\n'
    policy = '[policy]\ncountries = ["IN"]\nbrakes = "off"\n'
    machine.configure("gateway", machine.on_redis(machine.port), policy + telnyx)
    times = []
    for nth in range(rounds):
        lines = numbers(machine, f"sends-{nth}", 10_000_000 + nth * count, count)
        words = ["send", "--from", lines, "--concurrency", str(AT_ONCE), "-o", "jsonl"]
        took, peak = machine.long(machine.of("gateway", *words))
        times.append(took)
    gateway.stdin.close()
    taken = int(gateway.stdout.readline())
    if taken != count * rounds:
        raise SystemExit(f"the gateway took {taken} messages, not {count * rounds}")
    rate = count / statistics.median(times)
    name = f"`send --from`, {count:,} lines, {AT_ONCE} at once"
    return [Figure(name, f"{rate:,.0f} sends a second, {peak:.0f} MB", "a gateway that accepts at once", "at least 1,000", rate >= 1000)]


def issues(machine, count, rounds):
    """Codes that are issued, and the same two scripts by redis-benchmark, by turns."""
    requests = requests_of(machine, ("-q", "issue", RECORDED), 0)
    if len(requests) != 2:
        raise SystemExit(f"an issue made {len(requests)} requests, not 2")
    ours, theirs = [], []
    for nth in range(rounds):
        lines = numbers(machine, f"issues-{nth}", 50_000_000 + nth * count, count)
        machine.redis.ask("CONFIG", "RESETSTAT")
        words = ["issue", "--from", lines, "--concurrency", str(AT_ONCE), "-o", "jsonl"]
        took, peak = machine.long(machine.of("redis", *words))
        ours.append(count / took)
        is_by_hash = b"cmdstat_evalsha" in machine.redis.ask("INFO", "commandstats")
        theirs.append(count / sum(benchmark(machine, request, count, is_by_hash) for request in requests))
    rate, most = statistics.median(ours), statistics.median(theirs)
    return [
        Figure(
            f"`issue --from`, {count:,} lines, {AT_ONCE} at once",
            f"{rate:,.0f} codes a second, {peak:.0f} MB",
            f"{rate / most:.2f} of `redis-benchmark -P {AT_ONCE}` ({most:,.0f})",
            "at least 0.5",
            rate / most >= 0.5,
        )
    ]


def benchmark(machine, request, count, is_by_hash):
    """Seconds of redis-benchmark for so many of a request, each for another phone."""
    phone = RECORDED.encode()
    words = words_of(request)
    if is_by_hash:
        words[:2] = [words[0].replace(b"EVAL", b"EVALSHA"), machine.redis.ask("SCRIPT", "LOAD", words[1])]
    words = [word.replace(phone, b"+91__rand_int__") for word in words]
    options = ["-p", str(machine.port), "-n", str(count), "-r", "100000000", "-c", "1", "-P", str(AT_ONCE), "-q"]
    begun = time.perf_counter()
    subprocess.run(["redis-benchmark", *options, *words], check=True, capture_output=True)
    return time.perf_counter() - begun
