"""
A private PostgreSQL cluster: its own folder, port and passwords, nothing of the system's touched.
Used by up (durable, for the stack) and with-pg (throw-away, for unit tests).
"""
import os
import pathlib
import signal
import subprocess
import time

from daemons import Daemon, start_time
from layout import StackError

HBA = """# only this machine, only with a password
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""
ADMIN = "postgres"


def programs():
    """The folder of the newest PostgreSQL's programs."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found:
        raise StackError("PostgreSQL's programs are missing: make packages")
    return found[-1].parent


class Cluster:
    def __init__(self, layout, port, durable=True):
        self.layout, self.port = layout, port
        self.data = layout.state / "pg"
        self.sockets = layout.folder("sock/pg", "postgres", 0o755)
        self.bin = programs()
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.sockets, "unix_socket_permissions": "0777",
                    "max_connections": 60, "shared_buffers": "64MB", "log_min_duration_statement": -1, "log_statement": "none",
                    "log_parameter_max_length_on_error": 0, "log_error_verbosity": "terse", "password_encryption": "scram-sha-256", "max_wal_size": "256MB",
                    "fsync": "on" if durable else "off"}
        settings.update(pair.split("=", 1) for pair in os.environ.get("ANTIN_PG_SETTINGS", "").split())  # for measurements: "shared_buffers=1GB …"
        argv = [self.bin / "postgres", "-D", self.data]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        self.daemon = Daemon(layout, "postgres", argv, "postgres", ready=self.answers, port=port)

    def env(self, **more):
        """For psql and friends, as the cluster's administrator."""
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "PGHOST": str(self.sockets), "PGPORT": str(self.port), "PGUSER": ADMIN, "LC_ALL": "C.UTF-8",
                "PGPASSWORD": self.layout.secret_text("pg-admin"), "PGCONNECT_TIMEOUT": "5", **more}

    def conninfo(self, database="postgres"):
        return (f"host={self.sockets} port={self.port} user={ADMIN} dbname={database} password={self.layout.secret_text('pg-admin')}")

    def answers(self):
        done = subprocess.run([self.bin / "pg_isready", "-q", "-h", self.sockets, "-p", str(self.port)], check=False)
        return done.returncode == 0

    def init(self):
        """initdb, once; a folder left half-made by a crash is not taken for a cluster."""
        if (self.data / "PG_VERSION").exists() and (self.layout.state / "pg.made").exists():
            return
        if self.data.exists():
            subprocess.run(["rm", "-rf", "--", str(self.data)], check=True)
        self.layout.folder("pg", "postgres", 0o700)
        password = self.layout.folder("tmp/pg", "postgres", 0o700) / "password"
        (self.layout.state / "tmp").chmod(0o711)
        self.layout.write(password, self.layout.secret_text("pg-admin") + "\n", "postgres", 0o600)
        who = {"user": self.layout.uid("postgres"), "group": self.layout.gid("postgres"), "extra_groups": []} if self.layout.is_root else {}
        done = subprocess.run([self.bin / "initdb", "-D", self.data, "-U", ADMIN, "-A", "scram-sha-256", "--pwfile", password, "--locale", "C.UTF-8",
                               "-E", "UTF8", "--no-instructions", "--data-checksums"], cwd="/", capture_output=True, text=True, check=False, **who)
        password.unlink()
        (self.layout.state / "tmp").chmod(0o700)
        if done.returncode != 0:
            raise StackError(f"initdb failed:\n{done.stdout}{done.stderr}")
        self.layout.write(self.data / "pg_hba.conf", HBA, "postgres", 0o600)
        (self.layout.state / "pg.made").touch()

    def start(self):
        self.clear_after_crash()
        return self.daemon.start()

    def clear_after_crash(self):
        """
        A postmaster that was killed and that nobody waited for (containers often have no init that does) is a zombie, and PostgreSQL takes its
        lock files for a living one's. They go only after the last of its children, which still use the old one's memory.
        """
        lock = self.data / "postmaster.pid"
        if not lock.exists() or start_time(int(lock.read_text(encoding="ascii").split()[0])) is not None:
            return
        end = time.monotonic() + 15
        while any(self.works_here(p) for p in pathlib.Path("/proc").glob("[0-9]*")):
            if time.monotonic() > end:
                raise StackError(f"processes of a dead PostgreSQL still use {self.data}")
            time.sleep(0.05)
        lock.unlink(missing_ok=True)
        (self.sockets / f".s.PGSQL.{self.port}.lock").unlink(missing_ok=True)

    def works_here(self, process):
        try:
            return (process / "cwd").readlink() == self.data
        except OSError:
            return False

    def stop(self):
        return self.daemon.stop(signal.SIGINT, timeout=20)  # fast shutdown: ends its clients, writes a checkpoint

    def sql(self, text, database="postgres"):
        """Runs SQL as the administrator, over standard input: passwords in it are on no command line. Returns what it printed, unaligned."""
        argv = [self.bin / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]
        done = subprocess.run(argv, input=text, env=self.env(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StackError(f"psql: {done.stderr}")
        return done.stdout.strip()
