"""A place to measure in: a home, a Redis of its own, the program's copy, and whole processes that are timed."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCHES = os.path.join(ROOT, "benches")
# What the figures are beside.
NEEDED = {"redis-server": "redis-server", "redis-cli": "redis-tools", "redis-benchmark": "redis-tools"}
NEEDED |= {"sqlite3": "sqlite3", "cc": "gcc and libc6-dev"}
# So often a process that is still running is asked how much memory it had at most.
LOOK = 0.02


def missing():
    """What is to be installed first; the names of Debian's packages."""
    return sorted({package for program, package in NEEDED.items() if not shutil.which(program)})


class Redis:
    """A connection that speaks just enough for a bench."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.stream = self.socket.makefile("rwb")

    def ask(self, *words):
        self.stream.write(wire(words))
        self.stream.flush()
        return self.answer()

    def answer(self):
        line = self.stream.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            sys.exit(f"redis-server: {rest.decode()}")
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.stream.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        return rest


def wire(words):
    """A command as it goes over the wire."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def words_of(request):
    """The words of a command that came over the wire."""
    words, at = [], request.index(b"\n") + 1
    while at < len(request):
        end = request.index(b"\r\n", at)
        length = int(request[at + 1 : end])
        words.append(request[end + 2 : end + 2 + length])
        at = end + 4 + length
    return words


class Machine:
    """Everything that a part of the bench needs. What the linker has just written runs slower than its own copy."""

    def __init__(self, otpctl, static=None):
        self.home = tempfile.mkdtemp(prefix="otpctl-bench-")
        self.otpctl = shutil.copy(otpctl, os.path.join(self.home, "otpctl"))
        self.static = static and shutil.copy(static, os.path.join(self.home, "otpctl-static"))
        self.environment = {"HOME": self.home, "PATH": os.environ["PATH"], "LC_ALL": "C"}
        self.running = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        words = ["redis-server", "--port", str(self.port), "--save", "", "--dir", self.home, "--loglevel", "warning"]
        self.start(words)
        while subprocess.run(["redis-cli", "-p", str(self.port), "ping"], capture_output=True).returncode:
            time.sleep(0.05)
        self.redis = Redis(self.port)
        with open(os.open(f"{self.home}/pepper", os.O_CREAT | os.O_WRONLY, 0o600), "w") as pepper:
            pepper.write(os.urandom(32).hex())
        self.configure("redis", self.on_redis(self.port))
        self.configure("embedded", f'store.embedded.path = "{self.home}/otpctl.db"')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.kill()
            process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self, words, **options):
        """Starts a program that ends with the bench."""
        process = subprocess.Popen(words, **{"stdout": subprocess.DEVNULL, **options})
        self.running.append(process)
        return process

    @staticmethod
    def on_redis(port):
        return f'store.redis.url = "redis://127.0.0.1:{port}/0"'

    def configure(self, name, store, more=""):
        """Writes a file. Without locks, cooldowns and quotas: the same phone is asked for in every round."""
        none = "limits.locks = {}\nlimits.cooldown = []\nlimits.per_phone = {}\nlimits.per_prefix = {}\nlimits.per_country = {}\n"
        pepper = f'code.peppers = [{{ id = "bench", file = "{self.home}/pepper" }}]\n'
        with open(os.open(f"{self.home}/{name}.toml", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"{none}{store}\n{pepper}{more}")

    def of(self, name, *words):
        """A command of ours with one of the files."""
        return [self.otpctl, "--config", f"{self.home}/{name}.toml", *words]

    def compiled(self, source, *options):
        """A C program of the bench's."""
        program = os.path.join(self.home, os.path.basename(source).removesuffix(".c"))
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", *options, "-o", f"{program}.linked", source], check=True)
        shutil.copy(f"{program}.linked", program)
        return program

    def run(self, words, expected=None):
        """Milliseconds from the start of a process to its end, and its page faults."""
        null = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
        # Whoever throws output away on purpose opens it only to write.
        null += [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
        begun = time.perf_counter_ns()
        _, status, usage = os.wait4(os.posix_spawn(words[0], words, self.environment, file_actions=null), 0)
        took = (time.perf_counter_ns() - begun) / 1e6
        code = os.waitstatus_to_exitcode(status)
        if expected is not None and code != expected:
            sys.exit(f"{' '.join(words)}\nended with {code}, not with {expected}")
        return took, usage.ru_minflt

    def long(self, words, expected=0, into=os.devnull, **options):
        """Seconds of a long process, and the most memory that it had, in MB."""
        with open(into, "wb") as out:
            begun, peak = time.perf_counter(), 0
            process = subprocess.Popen(words, env=self.environment, stdout=out, stderr=subprocess.DEVNULL, **options)
            while process.poll() is None:
                try:
                    with open(f"/proc/{process.pid}/status") as status:
                        seen = [line.split()[1] for line in status if line.startswith("VmHWM")]
                    peak = max([peak, *map(int, seen)])
                    process.wait(LOOK)
                except (OSError, subprocess.TimeoutExpired):
                    pass
            took = time.perf_counter() - begun
        if process.returncode != expected:
            sys.exit(f"{' '.join(words)}\nended with {process.returncode}, not with {expected}")
        return took, peak / 1024


def requests_of(machine, words, expected):
    """The requests that a command sends to the Redis, each as its bytes, in their order."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        machine.configure("recorded", machine.on_redis(listening.getsockname()[1]))
        listening.settimeout(10)
        # Opened only to write: what is printed once is not made where stdout seems to be closed.
        with open(os.devnull, "wb") as out:
            process = subprocess.Popen(machine.of("recorded", *words), env=machine.environment, stdout=out)
        client, _ = listening.accept()
        requests = []
        with client, socket.create_connection(("127.0.0.1", machine.port)) as server:
            client.settimeout(0.05)
            server.settimeout(0.05)
            answered = True
            while process.poll() is None:
                sent = received(client)
                if sent:
                    server.sendall(sent)
                    requests = [*requests, sent] if answered else [*requests[:-1], requests[-1] + sent]
                    answered = False
                said = received(server)
                if said:
                    client.sendall(said)
                    answered = True
        if process.returncode != expected:
            sys.exit(f"{' '.join(words)}\nended with {process.returncode}, not with {expected}")
    return requests


def received(peer):
    try:
        return peer.recv(65536)
    except TimeoutError:
        return b""
