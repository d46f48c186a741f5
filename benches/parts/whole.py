"""One command as a whole process, beside redis-cli, sqlite3, a bare socket and an empty program. Each round runs every
command once, one after the other, so that all meet the same machine."""

import os
import shutil
import statistics
import subprocess

from parts.machine import BENCHES, requests_of
from parts.page import Figure, ratio

PHONE = "+919876543210"
# The phone whose two requests the bare socket repeats.
RECORDED = "+919876543209"
# So many other phones have a history in the store, and what is looked at is one of them.
HISTORIES, LOOKED_AT = 10_000, "+919876543211"
# What a wrong guess does to a code, as one script: read, compare, count, keep, and note it on a timeline.
GUESS = """
local kept = redis.call('GET', KEYS[1])
local code = kept and cjson.decode(kept) or {mac = 'none', tries = 0}
if code.mac == ARGV[1] then return 1 end
code.tries = code.tries + 1
redis.call('SET', KEYS[1], cjson.encode(code), 'PX', 300000)
redis.call('LPUSH', KEYS[2], ARGV[2])
redis.call('LTRIM', KEYS[2], 0, 49)
redis.call('PEXPIRE', KEYS[2], 604800000)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 100000, '*', 'event', ARGV[2])
return 0"""
EVENT = '{"at":1795784098751,"event":"verify","result":"wrong","purpose":"login","challenge_id":"ch_abcdefghijklmnopqrst"}'
# One durable transaction, as the embedded store commits: the log in the file, and every change on the disk.
TABLES = """PRAGMA journal_mode = WAL;
CREATE TABLE cell (name TEXT PRIMARY KEY, value BLOB NOT NULL, expires_at INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE event (timeline TEXT, id INTEGER, body BLOB NOT NULL, PRIMARY KEY (timeline, id)) STRICT, WITHOUT ROWID;
INSERT INTO cell VALUES ('code', zeroblob(400), 0);"""
TRANSACTION = f"""PRAGMA synchronous = FULL; BEGIN IMMEDIATE; SELECT length(value) FROM cell WHERE name = 'code';
UPDATE cell SET value = randomblob(400), expires_at = expires_at + 1 WHERE name = 'code';
INSERT INTO event VALUES ('code', (SELECT coalesce(max(id), 0) + 1 FROM event WHERE timeline = 'code'), CAST('{EVENT}' AS BLOB));
DELETE FROM event WHERE timeline = 'code' AND id <= (SELECT max(id) FROM event WHERE timeline = 'code') - 50;
COMMIT;"""


def measure(machine, rounds):
    """The figures, and a row of every process."""
    bare, kept = bare_socket(machine)
    empty = machine.compiled(written(machine, "empty.c", "int main(void) { return 0; }\n"))
    database = f"{machine.home}/shell.db"
    subprocess.run(["sqlite3", database, TABLES], check=True, capture_output=True)
    histories(machine)
    cli = [shutil.which("redis-cli"), "-p", str(machine.port)]
    # Like ours, the shell leaves the log as it is when it ends.
    shell = [shutil.which("sqlite3"), "-cmd", ".dbconfig no_ckpt_on_close on", database, TRANSACTION]
    verify = machine.of("redis", "verify", PHONE, "000000")
    embedded = machine.of("embedded", "verify", PHONE, "000000")
    guess = [*cli, "EVAL", GUESS, "3", "guess", "guess:timeline", "guess:feed", "mac", EVENT]
    # What the page calls it, the words, what comes before each run, and the exit code.
    commands = {
        "empty": ("an empty program", [empty], None, 0),
        "bare": ("a bare static C socket, the two requests of `verify`", bare, kept, 0),
        "help": ("`otpctl --help`", [machine.otpctl, "--help"], None, 0),
        "eval": ("`redis-cli EVAL`, what a wrong guess does", guess, None, 0),
        "verify": ("`otpctl verify`, Redis", verify, issuing(machine, "redis"), 10),
        "static": ("the static `otpctl verify`, Redis", [machine.static, *verify[1:]], issuing(machine, "redis"), 10),
        "get": ("`redis-cli GET`", [*cli, "GET", "guess"], None, 0),
        "inspect": (f"`otpctl inspect`, {HISTORIES:,} histories", machine.of("redis", "inspect", LOOKED_AT), None, 0),
        "shell": ("`sqlite3`, one durable transaction", shell, None, 0),
        "embedded": ("`otpctl verify`, embedded", embedded, issuing(machine, "embedded"), 10),
    }
    if not machine.static:
        del commands["static"]
    taken, faults = {name: [] for name in commands}, {}
    for _ in range(rounds):
        for name, (_, words, prepare, expected) in commands.items():
            if prepare:
                prepare()
            took, faults[name] = machine.run(words, expected)
            taken[name].append(took)
    median = {name: statistics.median(times) for name, times in taken.items()}
    rows = [(commands[name][0], min(times), median[name], faults[name]) for name, times in taken.items()]

    def beside(name, ours, theirs, most, what):
        shown, holds = ratio(median[ours], median[theirs], most)
        return Figure(name, f"{median[ours]:.2f} ms", f"{shown} of {what}", f"at most {most}", holds)

    more = median["help"] - median["empty"]
    figures = [
        beside("`verify` on a Redis", "verify", "eval", 0.5, "`redis-cli EVAL`"),
        beside("the same", "verify", "bare", 3, "a bare static C socket"),
        *([beside("the same, the static program", "static", "eval", 0.5, "`redis-cli EVAL`")] if machine.static else []),
        beside("`inspect`", "inspect", "get", 1, "`redis-cli GET`"),
        Figure("`--help`", f"{median['help']:.2f} ms", f"{more:.2f} ms over an empty program", "at most 1.5 ms", more <= 1.5),
        beside("`verify`, embedded", "embedded", "shell", 1, "`sqlite3` with one durable transaction"),
    ]
    return figures, rows


def issuing(machine, name):
    """A fresh code, at which the next guess is wrong."""
    return lambda: machine.run(machine.of(name, "-q", "issue", PHONE), 0)


def written(machine, name, text):
    path = os.path.join(machine.home, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def bare_socket(machine):
    """The program that repeats the two requests of a `verify`, and what puts the phone back to where it was before."""
    machine.run(machine.of("redis", "-q", "issue", RECORDED), 0)
    names = machine.redis.ask("KEYS", f"otpctl:{{{RECORDED}}}:*")
    kept = [(name, machine.redis.ask("DUMP", name), machine.redis.ask("PTTL", name)) for name in names]
    requests = requests_of(machine, ("-q", "verify", RECORDED, "000000"), 10)
    if len(requests) != 2:
        raise SystemExit(f"a verify made {len(requests)} requests, not 2")
    array = lambda name, text: f"static const unsigned char {name}[] = {{{','.join(str(byte) for byte in text)}}};\n"
    header = written(machine, "requests.h", array("first", requests[0]) + array("second", requests[1]))
    program = machine.compiled(os.path.join(BENCHES, "bare.c"), "-static", f'-DREQUESTS="{header}"')

    def put_back():
        machine.redis.ask("DEL", *machine.redis.ask("KEYS", f"otpctl:{{{RECORDED}}}:*"))
        for name, value, left in kept:
            machine.redis.ask("RESTORE", name, left, value)

    return [program, str(machine.port)], put_back


def histories(machine):
    """Gives one phone a history by commands, and many others the same one."""
    for _ in range(3):
        for words in (("issue", LOOKED_AT), ("verify", LOOKED_AT, "000000"), ("send", LOOKED_AT)):
            machine.run(machine.of("redis", "-q", *words))
    copied(machine, LOOKED_AT, HISTORIES)


def copied(machine, phone, count):
    """Copies what is kept of a phone, for so many others."""
    own = [name.decode() for name in machine.redis.ask("KEYS", f"otpctl:{{{phone}}}:*")]
    feeding = ["redis-cli", "-p", str(machine.port), "--pipe"]
    pipe = subprocess.Popen(feeding, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    for nth in range(count):
        other = f"+9198{nth:08}"
        for name in own:
            pipe.stdin.write(f"COPY {name} {name.replace(phone, other)}\r\n".encode())
    pipe.stdin.close()
    if pipe.wait():
        raise SystemExit("redis-cli does not take the keys")
