"""The address of a PostgreSQL database, as every connection of ours uses it and as people read it."""

from __future__ import annotations

from urllib.parse import urlencode

from psycopg.conninfo import conninfo_to_dict

# A server that went without a word is noticed within seconds: https://www.postgresql.org/docs/current/libpq-connect.html
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def patient(url: str) -> str:
    """Return an address whose connections notice a server that went without a word; what it names itself stays."""
    known = conninfo_to_dict(url)
    missing = urlencode({name: value for name, value in _PATIENCE.items() if name not in known})
    return f"{url}{'&' if '?' in url else '?'}{missing}" if missing else url


def place_of(url: str) -> str:
    """Return where a database is, without user and password: its hosts, their ports, and its name."""
    known = conninfo_to_dict(url)
    return f"{known.get('host') or 'its socket'}:{known.get('port') or 5432}/{known.get('dbname') or ''}"
