"""
A stack as a whole: what it consists of, in which order it comes up, what is registered in it.
Used by up, down and service.
"""
import json
import os
import shlex
import shutil
import subprocess

import config
from ceremony import Ceremony
from daemons import Daemon, fingerprint
from layout import ROOT, StackError
from postgres import Cluster

DATABASE = "antin"
PROGRAMS = ("antin-idpd", "antin-idpctl", "antin-signerd", "antin-keyd", "antin-ca", "antin-migrate")
ORDER = ("postgres", "keyd-idp", "keyd-signer", "idpd", "signerd")


def stop_all(layout):
    """Daemons first, the database last. Works from the pid files alone: programs and configuration may be gone."""
    return [name for name in reversed(ORDER) if (Cluster(layout, layout.pg_port).stop() if name == "postgres" else
                                                   Daemon(layout, name, ["-"], name).stop())]


class Stack:
    def __init__(self, layout, without=()):
        self.layout, self.without = layout, set(without)
        self.bin, self.share = self.stage()
        self.cluster = Cluster(layout, layout.pg_port)
        self.ceremony = Ceremony(layout, self.bin)
        self.daemons = self.make_daemons()

    # --- programs and share files where the daemons' users can read them ---

    def stage(self):
        built = self.layout.build / "bin"
        missing = [p for p in PROGRAMS if not (built / p).exists() and p.removeprefix("antin-") not in self.without]
        if missing:
            raise StackError(f"not built: {', '.join(missing)} (make)")
        if not self.layout.is_root:
            return built, ROOT
        stage = self.layout.state / "stage"
        for program in PROGRAMS:
            if (built / program).exists():
                self.copy(built / program, stage / "bin" / program, 0o755)
        for part in ("common", "idp", "signer"):
            for kind in ("pages", "texts"):
                self.copy_folder(ROOT / part / kind, stage / part / kind)
        return stage / "bin", stage

    @staticmethod
    def copy(source, target, mode=0o644):
        """By a new file: one that runs cannot be written to."""
        a, b = source.stat(), target.stat() if target.exists() else None
        if b and (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(target.name + ".new")
        shutil.copy2(source, new)
        new.chmod(mode)
        new.replace(target)

    def copy_folder(self, source, target):
        target.mkdir(parents=True, exist_ok=True)
        wanted = {p.name: p for p in source.iterdir() if p.is_file()} if source.is_dir() else {}
        for name, path in wanted.items():
            self.copy(path, target / name)
        for stale in set(os.listdir(target)) - set(wanted):
            (target / stale).unlink()
        for folder in (target, target.parent):
            folder.chmod(0o755)

    def make_daemons(self):
        etc, state, pub = self.layout.state / "etc", self.layout.state, self.layout.state / "pub"
        pages = [self.share / part / kind for part in ("common", "idp", "signer") for kind in ("pages", "texts")]
        made = {}
        for domain in ("idp", "signer"):
            name = f"keyd-{domain}"
            conf, program = etc / f"{name}.conf", self.bin / "antin-keyd"
            made[name] = Daemon(self.layout, name, [program, "-c", conf], name, watch=[program, conf], ready=config.keyd_answers(self.layout, domain))
        for name, port, url, parts in (("idpd", self.layout.idp_port, self.layout.idp_url, pages[:4]),
                                       ("signerd", self.layout.signer_port, self.layout.signer_url, pages[:2] + pages[4:])):
            conf, program = etc / f"{name}.conf", self.bin / f"antin-{name}"
            made[name] = Daemon(self.layout, name, [program, "-c", conf], name, watch=[program, conf, *parts, *([etc / "upstream"] if name == "idpd" else [])], ready_url=url + "/ready", port=port)
        return made

    # --- up ---

    def up(self):
        """Returns what it did, in words."""
        did = []
        self.same_ports()
        for name in self.without:
            self.daemons.pop(name)
        for daemon in (self.cluster.daemon, *self.daemons.values()):
            daemon.check_port()
        self.cluster.init()
        if self.cluster.start():
            did.append("PostgreSQL started")
        if self.database():
            did.append("migrated")
        if self.ceremony.make():
            did.append("keys and certificates made")
        config.write(self.layout, self.share)
        for name in ("keyd-idp", "keyd-signer"):
            if name in self.daemons and self.daemons[name].start():
                did.append(f"{name} started")
        if self.clients():
            did.append("clients and officer registered")
        started = [name for name in ("idpd", "signerd") if name in self.daemons and self.daemons[name].start(wait=False)]
        for name in started:
            self.daemons[name].wait_ready()
            did.append(f"{name} started")
        if self.without:
            self.write_env("")
        elif self.citizen():
            did.append("a citizen enrolled")
        return did

    def same_ports(self):
        """URLs with the port are in certificates and registrations: a folder keeps the ports it was made for."""
        path = self.layout.state / "port-base"
        if not path.exists():
            self.layout.write(path, f"{self.layout.base}\n")
        made_for = int(path.read_text(encoding="ascii"))
        if made_for != self.layout.base:
            raise StackError(f"{self.layout.run} was made for ANTIN_PORT_BASE={made_for}, not {self.layout.base}. Use that, or another ANTIN_RUN, or remove the folder.")

    def database(self):
        """The database, its migrations, the daemons' passwords; returns whether anything changed."""
        marker, sources = self.layout.state / "migrated", [ROOT / "schema/roles.sql", *sorted((ROOT / "schema").glob("*/*.sql"))]
        version = fingerprint(*sources)
        if marker.exists() and marker.read_text(encoding="ascii") == version:
            return False
        if self.cluster.sql(f"SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'") == "0":
            self.cluster.sql(f"CREATE DATABASE {DATABASE}")
        conninfo = self.layout.state / "secrets/migrate.conninfo"
        self.layout.write(conninfo, self.cluster.conninfo(DATABASE) + "\n", mode=0o600)
        done = subprocess.run([self.bin / "antin-migrate", "--dir", ROOT / "schema", "--conninfo-file", conninfo, "up"], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise StackError(f"antin-migrate up failed:\n{done.stderr}This stack's data can be thrown away: make down; rm -rf {self.layout.run}/")
        for role, owner in (("antin_idp", "idpd"), ("antin_signer", "signerd")):
            password = self.layout.secret_text(f"pg-{role}")
            self.cluster.sql(f"ALTER ROLE {role} PASSWORD '{password}'")
            self.layout.write(f"secrets/{role}.pgpass", f"127.0.0.1:{self.layout.pg_port}:{DATABASE}:{role}:{password}\n", owner, 0o600)
        # for people and tests: . run/stack.env, export, psql
        admin = f"*:*:*:postgres:{self.layout.secret_text('pg-admin')}\n"
        self.layout.write("secrets/pg-admin.pgpass", admin, mode=0o600)
        self.layout.write(marker, version)
        return True

    def clients(self):
        """Registered once; what they are called and their secrets stay in a file of ours."""
        path = self.layout.state / "secrets/clients.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        new = False
        for key, argv in config.registrations(self.layout).items():
            if key not in known:
                known[key] = config.register(self.idpctl, self.layout, key, argv)
                self.layout.write(path, json.dumps(known, indent=1), mode=0o600)
                new = True
        self.known = known
        config.write_signer_secret(self.layout, known)
        return new

    def idpctl(self, *argv, already=False):
        """Its output; with already, None when what is to be registered exists."""
        who = {"user": self.layout.uid("idpd"), "group": self.layout.gid("idpd"), "extra_groups": []} if self.layout.is_root else {}
        command = [self.bin / "antin-idpctl", "-c", self.layout.state / "etc/idpd.conf", *argv]
        done = subprocess.run([str(a) for a in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/", **who)
        if already and done.returncode == 4:
            return None
        if done.returncode != 0:
            raise StackError(f"antin-idpctl {' '.join(map(str, argv[:3]))} failed ({done.returncode}):\n{done.stderr or done.stdout}")
        return done.stdout

    def citizen(self):
        """One person who can sign, made over HTTP like any other."""
        path = self.layout.state / "secrets/citizen.env"
        new = not path.exists()
        if new:
            self.write_env("")
            done = subprocess.run(["/usr/bin/python3", "-B", ROOT / "tests/demo/seed.py"], env={**os.environ, "ANTIN_RUN": str(self.layout.run)},
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise StackError(f"no citizen could be enrolled:\n{done.stderr}\n{self.daemons['idpd'].tail(8)}\n{self.daemons['signerd'].tail(8)}")
            self.layout.write(path, done.stdout, mode=0o600)
        self.write_env(path.read_text(encoding="utf-8"))
        return new

    def write_env(self, citizen):
        values = config.environment(self.layout, self.known, DATABASE, self.cluster)
        text = "# Written by `make up`. Shell assignments: . run/stack.env\n" + "".join(f"{k}={shlex.quote(str(v))}\n" for k, v in values.items()) + citizen
        self.layout.write(self.layout.state / "stack.env", text, mode=0o600)
