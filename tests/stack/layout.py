"""
Where a stack keeps its things, on which ports it listens, and which uid each process has.
Used by every file in this folder. $ANTIN_RUN (run/), $ANTIN_PORT_BASE (8400), $ANTIN_BUILD (build/), $ANTIN_HOST (localhost: two providers that one
browser visits need two names, or it takes their cookies for one jar).
"""
import fcntl
import hashlib
import os
import pathlib
import pwd
import secrets
import stat

ROOT = pathlib.Path(__file__).resolve().parents[2]
# As root each daemon runs under a number of its own; numbers need no account.
UIDS = {"idpd": 64301, "signerd": 64302, "keyd-idp": 64303, "keyd-signer": 64304}
SOCKET_PATH_MAX = 107  # sun_path


class StackError(Exception):
    """Something a person can act on; printed without a traceback."""


def reachable(path):
    """Whether any user can go down to this path."""
    path = pathlib.Path(path)
    return all(p.stat().st_mode & stat.S_IXOTH for p in [path, *path.parents] if p.exists())


class Layout:
    def __init__(self, run=None):
        self.is_root = os.geteuid() == 0
        self.run = pathlib.Path(os.path.abspath(run or os.environ.get("ANTIN_RUN") or ROOT / "run"))
        self.build = ROOT / (os.environ.get("ANTIN_BUILD") or "build")
        self.base = int(os.environ.get("ANTIN_PORT_BASE") or 8400)
        self.host = os.environ.get("ANTIN_HOST") or "localhost"
        self.state = self.run.resolve()

    # --- the folder ---

    def make(self):
        """Creates the state folder: run/ itself, or a folder in /var/tmp behind a symlink when other users or a socket cannot get to run/."""
        if self.run.is_symlink():
            self.own_folder(self.state)
        elif not self.run.exists() and self.must_be_elsewhere():
            self.state = pathlib.Path(f"/var/tmp/antin-{os.getuid()}-{hashlib.sha256(os.fsencode(self.run)).hexdigest()[:12]}")
            self.own_folder(self.state)
            self.run.parent.mkdir(parents=True, exist_ok=True)
            self.run.symlink_to(self.state)
        else:
            self.run.mkdir(parents=True, exist_ok=True)
        self.state = self.run.resolve()
        self.state.chmod(0o755)
        for name, mode in (("etc", 0o755), ("secrets", 0o711), ("log", 0o755), ("pids", 0o755), ("sock", 0o755), ("pub", 0o755), ("tmp", 0o700)):
            (self.state / name).mkdir(exist_ok=True)
            (self.state / name).chmod(mode)

    def must_be_elsewhere(self):
        too_long = len(str(self.run)) + len("/sock/keyd-signer/keyd.sock") > SOCKET_PATH_MAX
        near = next(p for p in self.run.parents if p.exists())
        return too_long or (self.is_root and not reachable(near))

    @staticmethod
    def own_folder(path):
        """/var/tmp is everybody's: a folder that somebody else put there is not taken."""
        path.mkdir(mode=0o755, exist_ok=True)
        st = path.lstat()
        if not stat.S_ISDIR(st.st_mode) or st.st_uid != os.getuid():
            raise StackError(f"{path} exists and is not ours; remove it or set ANTIN_RUN")

    def lock(self):
        """One up or down at a time; held until the process ends."""
        self.lock_file = open(self.state / ".lock", "w", encoding="ascii")
        fcntl.flock(self.lock_file, fcntl.LOCK_EX)

    # --- who ---

    def uid(self, name):
        """The uid a process of this name runs under."""
        if not self.is_root:
            return os.getuid()
        if name == "postgres":
            return pwd.getpwnam("postgres").pw_uid
        return UIDS[name]

    def gid(self, name):
        if not self.is_root:
            return os.getgid()
        return pwd.getpwnam("postgres").pw_gid if name == "postgres" else UIDS[name]

    def give(self, path, name, mode):
        """Makes a file or folder this process's own."""
        if self.is_root:
            os.chown(path, self.uid(name), self.gid(name))
        os.chmod(path, mode)

    def folder(self, path, name, mode=0o700):
        path = self.state / path
        path.mkdir(parents=True, exist_ok=True)
        self.give(path, name, mode)
        return path

    # --- files ---

    def write(self, path, text, name=None, mode=0o644):
        """Writes a file whole or not at all; returns whether it changed. Never readable to others in between when mode forbids it."""
        path = self.state / path
        data = text.encode() if isinstance(text, str) else text
        if path.exists() and path.read_bytes() == data:
            if name:
                self.give(path, name, mode)
            return False
        tmp = path.with_name(path.name + ".new")
        with open(os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(data)
        if name:
            self.give(tmp, name, mode)
        else:
            tmp.chmod(mode)
        tmp.replace(path)
        return True

    def secret(self, name, owner=None, nbytes=32):
        """The path of a file with a random secret (hex), made on first use, readable by its owner alone."""
        path = self.state / "secrets" / name
        if not path.exists():
            self.write(path, secrets.token_hex(nbytes) + "\n", owner, 0o600)
        elif owner:
            self.give(path, owner, 0o600)
        return path

    def secret_text(self, name, owner=None, nbytes=32):
        return self.secret(name, owner, nbytes).read_text(encoding="ascii").strip()

    # --- ports and names ---

    @property
    def idp_port(self):
        return self.base

    @property
    def signer_port(self):
        return self.base + 1

    @property
    def pg_port(self):
        return self.base + 5

    @property
    def idp_url(self):
        return f"http://{self.host}:{self.idp_port}"

    @property
    def signer_url(self):
        return f"http://localhost:{self.signer_port}"

    @property
    def redirect_uri(self):
        """Where the demonstration's portal listens."""
        return f"http://localhost:{self.base + 90}/callback"
