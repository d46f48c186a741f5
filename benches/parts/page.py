"""What was measured, as the table of docs/performance.md."""

import os
import platform
import re
import subprocess

from parts.machine import ROOT

PAGE = os.path.join(ROOT, "docs", "performance.md")
BEGIN, END = "<!-- measured: benches/run --write -->", "<!-- end -->"


class Figure:
    """A figure, what it is beside, and what it is held to."""

    def __init__(self, name, ours, beside, goal, holds):
        self.name, self.ours, self.beside, self.goal, self.holds = name, ours, beside, goal, holds

    def row(self):
        return f"| {self.name} | {self.ours} | {self.beside} | {self.goal} | {'yes' if self.holds else '**no**'} |"


def ratio(ours, theirs, most):
    """A part of something else, and whether it is small enough."""
    return f"{ours / theirs:.2f}", ours / theirs <= most


def text(figures, processes, otpctl):
    """The whole table."""
    lines = [machine(otpctl), "", "| what | otpctl | beside it | held to | holds |", "| --- | --- | --- | --- | --- |"]
    lines += [figure.row() for figure in figures]
    if processes:
        lines += ["", "| whole process | least ms | median ms | page faults |", "| --- | ---: | ---: | ---: |"]
        lines += [f"| {name} | {least:.2f} | {median:.2f} | {faults:.0f} |" for name, least, median, faults in processes]
    return "\n".join(lines)


def machine(otpctl):
    """What it was measured on."""
    said = lambda *words: subprocess.run(words, capture_output=True, text=True).stdout
    redis = re.search(r"v=([0-9.]+)", said("redis-server", "--version"))
    sqlite = said("sqlite3", "--version").split(" ")[0]
    with open("/proc/cpuinfo") as info:
        cpu = re.search(r"model name\s*: (.*)", info.read())
    cores, kernel = len(os.sched_getaffinity(0)), platform.release().split("-")[0]
    size = os.path.getsize(otpctl) / 1e6
    parts = [f"{cores} cores of {cpu.group(1) if cpu else platform.machine()}", f"Linux {kernel}"]
    parts += [f"Redis {redis.group(1) if redis else '?'} on loopback", f"sqlite3 {sqlite}"]
    return f"{'; '.join(parts)}; {said(otpctl, 'version').splitlines()[0]}, {size:.1f} MB."


def write(table):
    """Puts the table where the page has the last one."""
    with open(PAGE) as file:
        page = file.read()
    before, rest = page.split(BEGIN)
    after = rest.split(END, 1)[1]
    with open(PAGE, "w") as file:
        file.write(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")
