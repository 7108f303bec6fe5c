"""
The judges that are libraries: EU DSS with BouncyCastle (Java) and pyHanko (Python), each one process for the whole run that is asked a line and answers a line.
What tests/interop/fetch could not bring makes a peer that is away, with the reason.
"""
import os
import subprocess
import threading

from formats.rows import BUILD, ROOT

ANSWER_SECONDS = 120
HERE = ROOT / "tests/interop/formats"
INTEROP = BUILD / "interop"


class Away(Exception):
    """The peer is not on this machine; str() says why."""


class Peer:
    def __init__(self, argv, log):
        with open(log, "wb") as err:
            self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True, encoding="utf-8",
                                            env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.log, self.lock = log, threading.Lock()

    def ask(self, *words):
        """The words of an "ok" answer; an "error" is the peer's refusal, raised as ValueError."""
        with self.lock:
            timer = threading.Timer(ANSWER_SECONDS, self.process.kill)
            timer.start()
            try:
                self.process.stdin.write("\t".join(str(w) for w in words) + "\n")
                self.process.stdin.flush()
                line = self.process.stdout.readline()
            finally:
                timer.cancel()
        if not line:
            raise AssertionError(f"{self.process.args[0]} died or took more than {ANSWER_SECONDS} s; its words: {self.log}")
        head, *rest = line.rstrip("\n").split("\t")
        if head != "ok":
            raise ValueError(" ".join(rest))
        return rest

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


def away(name):
    """Why tests/interop/fetch left this out."""
    reason = INTEROP / f"{name}.away"
    return reason.read_text(encoding="utf-8").strip() if reason.exists() else f"tests/interop/fetch was not run ({name})"


def dss(log):
    if not (INTEROP / "classes/Main.class").exists():
        raise Away(away("dss"))
    return Peer(["java", "-Xmx768m", "-XX:+UseSerialGC", "-cp", f"{INTEROP / 'jars'}/*:{INTEROP / 'classes'}", "Main"], log)


def pyhanko(log):
    if not (INTEROP / "venv/ready").exists():
        raise Away(away("pyhanko"))
    return Peer([INTEROP / "venv/bin/python", "-B", HERE / "pyhanko_peer.py"], log)
