"""What the server itself tells about the store's connections."""

from __future__ import annotations

import asyncpg


async def wait_until_alone(admin: asyncpg.Connection) -> None:
    """Until every other connection to this database has ended."""
    await admin.execute(
        """
        do $$
        begin
          while exists (
            select from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
          ) loop
            perform pg_sleep(0.01);
            perform pg_stat_clear_snapshot();
          end loop;
        end
        $$
        """,
        timeout=30,
    )
    await admin.execute("select pg_stat_clear_snapshot()")
