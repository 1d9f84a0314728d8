"""Where a database is, as people write it: every address that libpq takes, several hosts included."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy import URL

_SCHEMES = {"postgres", "postgresql", "postgresql+asyncpg"}
_ONLY_LIBPQ = {
    "channel_binding", "connect_timeout", "fallback_application_name", "gssencmode",
    "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
}  # fmt: skip
"""Words of libpq's that asyncpg would hand to the server, which refuses them; hosters put some in their addresses."""


def parse_address(written: str) -> URL:
    """`postgres://` or `postgresql://user:password@host:port,host2:port2/database?sslmode=require` for SQLAlchemy.

    asyncpg reads the address itself (the `dsn` argument), so hosts, TLS and `target_session_attrs` mean what they mean
    to libpq. Raises ValueError, whose sentence never holds the password.
    """
    try:
        parts = urlsplit(written.strip())
    except ValueError:
        raise ValueError("is no address: write postgresql://user:password@host:5432/database") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError("must begin with postgresql:// (postgresql://user:password@host:5432/database)")
    told = dict(parse_qsl(parts.query))
    hosts = told.get("host") or parts.netloc.rpartition("@")[2]
    if not hosts:
        raise ValueError("names no host: write postgresql://user:password@host:5432/database")
    for port in _ports(hosts, told):
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError("has a port that is no number: write host:5432")
    if not (parts.path.strip("/") or told.get("dbname") or told.get("database")):
        raise ValueError("names no database: write postgresql://user:password@host:5432/database")
    kept = urlencode({word: value for word, value in told.items() if word not in _ONLY_LIBPQ})
    return URL.create("postgresql+asyncpg", query={"dsn": f"postgresql://{parts.netloc}{parts.path or '/'}?{kept}"})


def _ports(hosts: str, told: dict[str, str]) -> list[str]:
    ports = told["port"].split(",") if "port" in told else []
    if hosts.startswith("/"):
        return ports
    for host in hosts.split(","):
        _, colon, port = host.rpartition("]")[2].rpartition(":")  # an IPv6 address stands in brackets
        if colon:
            ports.append(port)
    return ports


def place(url: URL) -> str:
    """The hosts and the database, for a sentence: no user, no password."""
    dsn = url.query.get("dsn")
    if isinstance(dsn, str):
        parts = urlsplit(dsn)
        told = dict(parse_qsl(parts.query))
        hosts, database = told.get("host") or parts.netloc.rpartition("@")[2], parts.path.strip("/")
        return f"{database or told.get('dbname') or told.get('database')} at {hosts}"
    return f"{url.database} at {url.host or url.query.get('host')}"
