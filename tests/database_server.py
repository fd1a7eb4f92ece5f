"""The connections that MariaDB and PostgreSQL have to a test's database.

They are asked for from another database: a server lists a connection for a moment after it was
closed, so that the one that asks would itself be in the way.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import time

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DatabaseError


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a kind of server is asked."""

    asked_from: str
    connections: str
    end: str


DIALECTS = {
    "mysql": Dialect(
        "information_schema",
        "SELECT id FROM information_schema.processlist WHERE db = :database",
        "KILL :id",
    ),
    "postgresql": Dialect(
        "postgres",
        "SELECT pid FROM pg_stat_activity WHERE datname = :database",
        "SELECT pg_terminate_backend(:id)",
    ),
}


@dataclass(frozen=True, slots=True)
class Server:
    """A server, seen from another database than `database`."""

    dialect: Dialect
    database: str
    connection: Connection

    def connections(self) -> list[int]:
        """Return the connections that the database has now."""
        query = text(self.dialect.connections).bindparams(database=self.database)
        return list(self.connection.scalars(query))

    def end_connections(self) -> None:
        """End all connections to the database, as a restart of the server does."""
        connections = self.connections()
        assert connections
        for number in connections:
            with suppress(DatabaseError):  # it has ended by itself meanwhile
                self.connection.execute(text(self.dialect.end), {"id": number})

    def release(self) -> None:
        """Wait until the database has no connection; end what is there after a second.

        A query that begins while the recorder closes gets a connection that nobody closes.
        """
        for attempt in range(1000):
            if not self.connections():
                break
            if attempt == 50:
                self.end_connections()
            time.sleep(0.02)


@contextmanager
def server_of(db_url: str) -> Iterator[Server | None]:
    """Yield the server that has this database; none where it is SQLite."""
    url = make_url(db_url)
    if (dialect := DIALECTS.get(url.get_backend_name())) is None:
        yield None
        return
    engine = create_engine(url.set(database=dialect.asked_from), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield Server(dialect, url.database or "", connection)
    engine.dispose()
