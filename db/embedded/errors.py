"""What the embedded PostgreSQL refuses."""


class EmbeddedPostgresError(RuntimeError):
    """One sentence for a human; the command line prints it and exits 2."""
