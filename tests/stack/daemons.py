"""
Starting, recognising and ending processes by pid: a pid counts only together with the process's start time, so that a stale file or a
reused number never hits a stranger. Used by up, down, service and postgres.py.
"""
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from layout import StackError


def start_time(pid):
    """Field 22 of /proc/pid/stat, None when there is no such process or it is a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def fingerprint(*paths):
    """Changes when a file's bytes do; folders count with all they hold."""
    h = hashlib.sha256()
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for p in files:
            h.update(str(p).encode() + b"\0" + hashlib.sha256(p.read_bytes()).digest())
    return h.hexdigest()


class Daemon:
    """One process of a stack. argv[0] is an absolute path; everything in `watch` is part of its fingerprint."""

    def __init__(self, layout, name, argv, user, watch=(), ready_url=None, port=None, ready=None):
        self.layout, self.name, self.argv, self.user = layout, name, [str(a) for a in argv], user
        self.watch, self.ready_url, self.port, self.ready = watch, ready_url, port, ready
        self.pid_file = layout.state / "pids" / name
        self.meta_file = layout.state / "pids" / f".{name}.json"
        self.log_file = layout.state / "log" / f"{name}.log"

    def meta(self):
        try:
            return json.loads(self.meta_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return {}

    def pid(self):
        """The pid when the process that we started still runs."""
        m = self.meta()
        return m["pid"] if m and m["start"] is not None and start_time(m["pid"]) == m["start"] else None

    def fingerprint(self):
        return fingerprint(*self.watch) + " ".join(self.argv)

    def current(self):
        return self.pid() is not None and self.meta().get("fingerprint") == self.fingerprint()

    def start(self, wait=True, timeout=20):
        """Starts it when it does not run; when its program or configuration changed, ends the old one first. Returns whether it did anything."""
        if self.current():
            return False
        self.stop()
        self.check_port()
        with open(self.log_file, "ab") as log:
            who = {"user": self.layout.uid(self.user), "group": self.layout.gid(self.user), "extra_groups": []} if self.layout.is_root else {}
            process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/", umask=0o077, **who)
        self.process = process
        meta = {"pid": process.pid, "start": start_time(process.pid), "fingerprint": self.fingerprint()}
        self.meta_file.write_text(json.dumps(meta), encoding="ascii")
        self.pid_file.write_text(f"{process.pid}\n", encoding="ascii")
        if wait:
            self.wait_ready(timeout)
        return True

    def check_port(self):
        """Somebody else on our port is said before anything is started, not found out by a daemon's death."""
        if self.port and self.pid() is None:
            need_port(self.port, self.name)

    def wait_ready(self, timeout=20):
        end = time.monotonic() + timeout
        while True:
            if self.is_ready():
                return
            if self.gone():
                raise StackError(f"{self.name} ended at once.\n{self.tail()}")
            if time.monotonic() > end:
                raise StackError(f"{self.name} is not ready after {timeout} s.\n{self.tail()}")
            time.sleep(0.02)

    def gone(self):
        process = getattr(self, "process", None)
        return process.poll() is not None if process else self.pid() is None

    def is_ready(self):
        if self.ready:
            return self.ready()
        if not self.ready_url:
            return True
        try:
            with urllib.request.urlopen(self.ready_url, timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def tail(self, lines=25):
        try:
            text = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            text = []
        return f"--- the end of {self.log_file} ---\n" + "\n".join(text[-lines:])

    def stop(self, sig=signal.SIGTERM, timeout=10):
        """Ends the process that we started, if it still runs; SIGKILL when it does not listen. Returns whether there was one."""
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.kill(pid, sig)
            end = time.monotonic() + timeout
            while self.pid() is not None:
                process = getattr(self, "process", None)
                if process:
                    process.poll()
                if time.monotonic() > end:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    end = time.monotonic() + 5
                time.sleep(0.01)
        self.pid_file.unlink(missing_ok=True)
        self.meta_file.unlink(missing_ok=True)
        return pid is not None


def port_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def need_port(port, who):
    """A process that was just killed keeps its port for a moment after it has left the list of processes: wait for that, not for strangers."""
    end = time.monotonic() + 3
    while not port_free(port):
        if time.monotonic() > end:
            raise StackError(f"port {port}, which {who} needs, is in use by another program.\n"
                             "End that one, or choose other ports: ANTIN_PORT_BASE=8600 ANTIN_RUN=run-8600 make up")
        time.sleep(0.05)
