-- $1 workflow  $2 version  $3 fingerprint  $4 steps  $5 max_attempts  $6 timeouts  $7 digest of all of it

insert into sagewai.definitions (workflow, version, fingerprint, steps, max_attempts, timeouts, digest)
values ($1, $2, $3, $4::text[], $5::int4[], $6::float8[], $7)
on conflict do nothing
