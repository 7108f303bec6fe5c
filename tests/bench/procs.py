"""
What processes cost: CPU time and resident memory, read from /proc.
Used by bench.py. CPU time is the scheduler's own, in nanoseconds, over all threads.
"""
import os
import pathlib
import threading
import time


def cpu_us(pids):
    """Microseconds of CPU that the processes' living threads have used."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text(encoding="ascii").split()[0])
            except (OSError, IndexError, ValueError):
                continue
    return total / 1000


def status_kb(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return 0


def rss_kb(pid):
    return status_kb(pid, "VmRSS")


def own_kb(pid):
    """What a process shares with nobody: what a forked child adds to its parent's memory."""
    total = 0
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("Private_"):
            total += int(line.split()[1])
    return total


def tree_kb(pid):
    """(resident memory of a process, what its children have beside it)."""
    return rss_kb(pid), sum(own_kb(p) for p in children(pid) if p != pid)


def children(pid):
    """The process and all below it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as f:
                parents.setdefault(int(f.read().rpartition(")")[2].split()[1]), []).append(int(entry))
        except OSError:
            continue
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += parents.get(one, [])
    return found


class Peak:
    """The highest resident memory of a process while a block runs, alone and with what its children have beside it."""

    def __init__(self, pid):
        self.pid, self.kb, self.kb_all, self.before = pid, 0, 0, rss_kb(pid)

    def look(self):
        while not self.done.is_set():
            try:
                own, beside = tree_kb(self.pid)
                self.kb, self.kb_all = max(self.kb, own), max(self.kb_all, own + beside)
            except OSError:
                pass
            time.sleep(0.005)

    def __enter__(self):
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.done.set()
        self.thread.join()
