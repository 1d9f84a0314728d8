"""Run the benchmarks named on the command line, or all, on an embedded PostgreSQL of their own (fsync on)."""

import asyncio
import sys
import tempfile
from pathlib import Path

from db.embedded import EmbeddedPostgres
from tests.bench import attendance, bids, dispatch, logs, moving, points, scope

BENCHES = {
    "attendance": attendance.run,
    "bids": bids.run,
    "dispatch": dispatch.run,
    "logs": logs.run,
    "moving": moving.run,
    "points": points.run,
    "scope": scope.run,
}


async def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="qm-bench-") as folder:
        server = EmbeddedPostgres(Path(folder), settings={"max_connections": "150"})
        await server.start()
        try:
            for name in names or BENCHES:
                print(f"\n== {name}")
                await BENCHES[name](server)
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
