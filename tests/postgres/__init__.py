"""A real PostgreSQL for the tests: found, started, handed out database by database, and never left behind.

`open.open_server` is the door. `binaries` says which PostgreSQL it is, `account` as whom it runs; `local` speaks to
`keeper`, the process that owns a server from its first folder to its last; `given` is a server that somebody else runs;
`again` hands a database to one test after another.
"""
