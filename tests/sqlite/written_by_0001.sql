pragma application_id = 1396787013;
pragma user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE approval_contexts (approval integer primary key, context text not null) strict;
INSERT INTO "approval_contexts" VALUES(1,'{"cents":4200}');
INSERT INTO "approval_contexts" VALUES(2,'["approved"]');
INSERT INTO "approval_contexts" VALUES(3,'["rejected"]');
CREATE TABLE approvals (
  id integer primary key autoincrement,
  run integer not null,
  step text not null,
  branch text not null,
  gate text not null,
  status integer not null default 1,
  revision integer not null,
  digest text not null,
  context_bytes integer not null,
  requested_at integer not null,
  deadline_at integer,
  prompt text not null,
  verdict text,
  reviewer text,
  source text,
  assurance text,
  reason text,
  digest_seen text,
  decided_at integer,
  payload text
) strict;
INSERT INTO "approvals" VALUES(1,2,'judge','','lead',1,1,'f4f9f0fa2c2db321193061a1df410f99d4401cce466384e388d127b87173ca39',14,1780000004750000,1780000604750000,'Send it?',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "approvals" VALUES(2,3,'fetch','','lead',2,1,'875ce5eec4be0b17ba4f89fa628cdc7954081ee5a921dc1a2cec2603a697e4d1',12,1780000005750000,NULL,'Send it?','approve','bob','console','ssh','looked at it',NULL,1780000006000000,'{"edited": 1}');
INSERT INTO "approvals" VALUES(3,4,'fetch','','lead',3,1,'49c87b9729a5826f562ef273974b84b8c42a0c9bedd4c89572cbc68e5cf0b76f',12,1780000007000000,NULL,'Send it?','reject','bob','console','ssh','looked at it',NULL,1780000007250000,'{"edited": 1}');
CREATE TABLE arrivals (status integer primary key, n integer not null) strict;
INSERT INTO "arrivals" VALUES(1,11);
INSERT INTO "arrivals" VALUES(2,7);
INSERT INTO "arrivals" VALUES(3,5);
INSERT INTO "arrivals" VALUES(4,0);
INSERT INTO "arrivals" VALUES(5,1);
INSERT INTO "arrivals" VALUES(6,1);
INSERT INTO "arrivals" VALUES(7,1);
INSERT INTO "arrivals" VALUES(8,1);
CREATE TABLE asks (
  run integer primary key,
  ask integer not null,
  actor text not null,
  source text not null,
  assurance text not null,
  reason text not null,
  overdue_at integer
) strict;
INSERT INTO "asks" VALUES(11,2,'alice','cli','os','wait',NULL);
CREATE TABLE attempts (
  id integer primary key,
  run integer not null,
  seq integer not null,
  attempt integer not null,
  token integer not null,
  outcome integer not null,
  session integer,
  started_at integer not null,
  finished_at integer not null,
  delay real,                           -- seconds
  step text not null,
  error text,
  result text
) strict;
INSERT INTO "attempts" VALUES(1,1,0,1,1,1,1,1780000001750000,1780000003000000,NULL,'fetch',NULL,'"done"');
INSERT INTO "attempts" VALUES(2,1,1,1,1,1,1,1780000003000000,1780000003250000,NULL,'judge',NULL,'"done"');
INSERT INTO "attempts" VALUES(3,1,2,1,1,1,1,1780000003250000,1780000003500000,NULL,'file',NULL,'"done"');
INSERT INTO "attempts" VALUES(4,2,0,1,1,1,1,1780000004000000,1780000004500000,NULL,'fetch',NULL,'"done"');
INSERT INTO "attempts" VALUES(5,2,1,1,1,4,1,1780000004500000,1780000004750000,NULL,'judge',NULL,NULL);
INSERT INTO "attempts" VALUES(6,3,0,1,1,4,1,1780000005250000,1780000005750000,NULL,'fetch',NULL,NULL);
INSERT INTO "attempts" VALUES(7,4,0,1,1,4,1,1780000006500000,1780000007000000,NULL,'fetch',NULL,NULL);
INSERT INTO "attempts" VALUES(8,5,0,1,1,1,1,1780000007750000,1780000008250000,NULL,'fetch',NULL,'"done"');
INSERT INTO "attempts" VALUES(9,5,1,1,1,2,1,1780000008250000,1780000008500000,NULL,'judge','{"type": "builtins.ValueError", "message": "boom", "traceback": "line 1"}',NULL);
INSERT INTO "attempts" VALUES(10,6,0,1,1,2,1,1780000009000000,1780000009500000,600.0,'fetch','{"type": "builtins.ValueError", "message": "boom", "traceback": "line 1"}',NULL);
INSERT INTO "attempts" VALUES(11,11,0,1,1,1,2,1780000011500000,1780000012000000,NULL,'fetch',NULL,'"done"');
CREATE TABLE counters (status integer, route integer, n integer not null, primary key (status, route))
  strict, without rowid;
INSERT INTO "counters" VALUES(1,1,0);
INSERT INTO "counters" VALUES(1,2,1);
INSERT INTO "counters" VALUES(1,3,0);
INSERT INTO "counters" VALUES(1,4,1);
INSERT INTO "counters" VALUES(1,5,1);
INSERT INTO "counters" VALUES(2,1,0);
INSERT INTO "counters" VALUES(2,2,1);
INSERT INTO "counters" VALUES(2,3,0);
INSERT INTO "counters" VALUES(3,2,2);
INSERT INTO "counters" VALUES(3,3,1);
INSERT INTO "counters" VALUES(5,1,1);
INSERT INTO "counters" VALUES(6,2,1);
INSERT INTO "counters" VALUES(7,2,1);
INSERT INTO "counters" VALUES(8,2,1);
CREATE TABLE dead_letters (
  id integer primary key autoincrement,
  run integer not null unique,
  workflow integer not null,
  error_type text not null,
  attempts integer not null,
  takeovers integer not null,
  failed_at integer not null,
  step text,
  error text not null
) strict;
INSERT INTO "dead_letters" VALUES(1,5,1,'builtins.ValueError',1,0,1780000008500000,'judge','{"type": "builtins.ValueError", "message": "boom", "traceback": "line 1"}');
CREATE TABLE definitions (
  id integer primary key,
  workflow integer not null,
  version text not null,
  fingerprint text not null,
  steps text not null,
  unique (workflow, version, fingerprint, steps)
) strict;
INSERT INTO "definitions" VALUES(1,1,'','18456ed3c51624f04af573ea602358e894109fe493978aac26cc7abdd2fc9a01','[["fetch",1,null],["judge",3,null],["file",1,null]]');
INSERT INTO "definitions" VALUES(2,2,'7','8256320eb72203577e71454aa1d71b0ec9507e9c0a7029290794536c067db6a8','[["fetch",1,null],["judge",3,null],["file",1,null]]');
CREATE TABLE endings (
  run integer primary key,
  actor text not null,
  reason text not null,
  error text
) strict;
INSERT INTO "endings" VALUES(4,'bob','looked at it',NULL);
INSERT INTO "endings" VALUES(5,'sagewai','','{"type": "builtins.ValueError", "message": "boom", "traceback": "line 1"}');
INSERT INTO "endings" VALUES(10,'bob','no need',NULL);
CREATE TABLE error_groups (error_type text, workflow integer, n integer not null, primary key (error_type, workflow))
  strict, without rowid;
INSERT INTO "error_groups" VALUES('builtins.ValueError',1,1);
CREATE TABLE events (
  id integer primary key autoincrement,
  run integer,
  at integer not null,
  kind text not null,
  actor text not null,
  source text not null,
  assurance text not null,
  reason text not null,
  detail text
) strict;
INSERT INTO "events" VALUES(1,1,1780000001500000,'submitted','alice','cli','os','','{"pool":"default","priority":2,"delay":null}');
INSERT INTO "events" VALUES(2,1,1780000001750000,'claimed','sagewai','worker','api','','{"token":1,"worker":"w1"}');
INSERT INTO "events" VALUES(3,1,1780000003500000,'completed','sagewai','worker','api','',NULL);
INSERT INTO "events" VALUES(4,2,1780000003750000,'submitted','alice','cli','os','','{"pool":"default","priority":0,"delay":null}');
INSERT INTO "events" VALUES(5,2,1780000004000000,'claimed','sagewai','worker','api','','{"token":1,"worker":"w1"}');
INSERT INTO "events" VALUES(6,2,1780000004750000,'approval_requested','sagewai','worker','api','','{"approval_id":1,"gate":"lead","digest":"f4f9f0fa2c2db321193061a1df410f99d4401cce466384e388d127b87173ca39"}');
INSERT INTO "events" VALUES(7,2,1780000004750000,'waiting','sagewai','worker','api','','{"for":"approval"}');
INSERT INTO "events" VALUES(8,3,1780000005000000,'submitted','alice','cli','os','','{"pool":"default","priority":0,"delay":null}');
INSERT INTO "events" VALUES(9,3,1780000005250000,'claimed','sagewai','worker','api','','{"token":1,"worker":"w1"}');
INSERT INTO "events" VALUES(10,3,1780000005750000,'approval_requested','sagewai','worker','api','','{"approval_id":2,"gate":"lead","digest":"875ce5eec4be0b17ba4f89fa628cdc7954081ee5a921dc1a2cec2603a697e4d1"}');
INSERT INTO "events" VALUES(11,3,1780000005750000,'waiting','sagewai','worker','api','','{"for":"approval"}');
INSERT INTO "events" VALUES(12,3,1780000006000000,'approved','bob','console','ssh','looked at it','{"approval_id":2,"gate":"lead","digest":"875ce5eec4be0b17ba4f89fa628cdc7954081ee5a921dc1a2cec2603a697e4d1","displayed":false}');
INSERT INTO "events" VALUES(13,3,1780000006000000,'woken','sagewai','worker','api','','{"by":"approval"}');
INSERT INTO "events" VALUES(14,4,1780000006250000,'submitted','alice','cli','os','','{"pool":"default","priority":0,"delay":null}');
INSERT INTO "events" VALUES(15,4,1780000006500000,'claimed','sagewai','worker','api','','{"token":1,"worker":"w1"}');
INSERT INTO "events" VALUES(16,4,1780000007000000,'approval_requested','sagewai','worker','api','','{"approval_id":3,"gate":"lead","digest":"49c87b9729a5826f562ef273974b84b8c42a0c9bedd4c89572cbc68e5cf0b76f"}');
INSERT INTO "events" VALUES(17,4,1780000007000000,'waiting','sagewai','worker','api','','{"for":"approval"}');
INSERT INTO "events" VALUES(18,4,1780000007250000,'rejected','bob','console','ssh','looked at it','{"approval_id":3,"gate":"lead","digest":"49c87b9729a5826f562ef273974b84b8c42a0c9bedd4c89572cbc68e5cf0b76f","displayed":false}');
INSERT INTO "events" VALUES(19,5,1780000007500000,'submitted','alice','cli','os','','{"pool":"default","priority":0,"delay":null}');
INSERT INTO "events" VALUES(20,5,1780000007750000,'claimed','sagewai','worker','api','','{"token":1,"worker":"w1"}');
INSERT INTO "events" VALUES(21,5,1780000008500000,'failed','sagewai','worker','api','','{"error":"builtins.ValueError"}');
INSERT INTO "events" VALUES(22,6,1780000008750000,'submitted','alice','cli','os','','{"pool":"reports","priority":0,"delay":null}');
INSERT INTO "events" VALUES(23,6,1780000009000000,'claimed','sagewai','worker','api','','{"token":1,"worker":"w1"}');
INSERT INTO "events" VALUES(24,6,1780000009500000,'waiting','sagewai','worker','api','','{"for":"timer","due_at":"2026-05-28T20:36:49.500000+00:00"}');
INSERT INTO "events" VALUES(25,7,1780000009750000,'submitted','alice','cli','os','','{"pool":"default","priority":0,"delay":600.0}');
INSERT INTO "events" VALUES(26,8,1780000010000000,'submitted','alice','cli','os','','{"pool":"default","priority":0,"delay":null}');
INSERT INTO "events" VALUES(27,9,1780000010250000,'submitted','alice','cli','os','','{"pool":"default","priority":0,"delay":null}');
INSERT INTO "events" VALUES(28,10,1780000010500000,'submitted','alice','cli','os','','{"pool":"default","priority":0,"delay":null}');
INSERT INTO "events" VALUES(29,10,1780000010750000,'cancelled','bob','console','ssh','no need',NULL);
INSERT INTO "events" VALUES(30,11,1780000011250000,'submitted','alice','cli','os','','{"pool":"default","priority":0,"delay":null}');
INSERT INTO "events" VALUES(31,11,1780000011500000,'claimed','sagewai','worker','api','','{"token":1,"worker":"w2"}');
INSERT INTO "events" VALUES(32,11,1780000012250000,'pause_requested','alice','cli','os','wait',NULL);
CREATE TABLE pending_approvals (n integer not null) strict;
INSERT INTO "pending_approvals" VALUES(1);
CREATE TABLE pools (id integer primary key, name text not null unique) strict;
INSERT INTO "pools" VALUES(1,'default');
INSERT INTO "pools" VALUES(2,'reports');
CREATE TABLE routes (
  id integer primary key autoincrement,
  pool integer not null,
  workflow integer not null,
  version text not null,
  labels text not null,
  unique (pool, workflow, version, labels)
) strict;
INSERT INTO "routes" VALUES(1,1,1,'','{"gpu":"b:true"}');
INSERT INTO "routes" VALUES(2,1,1,'','{}');
INSERT INTO "routes" VALUES(3,2,1,'','{}');
INSERT INTO "routes" VALUES(4,1,2,'7','{}');
INSERT INTO "routes" VALUES(5,1,3,'','{}');
CREATE TABLE run_inputs (
  run integer primary key,
  submitted_by text not null,
  tags text,
  digest text not null,
  input text not null
) strict;
INSERT INTO "run_inputs" VALUES(1,'alice','{"customer": "Zoë"}','a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
INSERT INTO "run_inputs" VALUES(2,'alice',NULL,'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
INSERT INTO "run_inputs" VALUES(3,'alice',NULL,'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
INSERT INTO "run_inputs" VALUES(4,'alice',NULL,'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
INSERT INTO "run_inputs" VALUES(5,'alice',NULL,'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
INSERT INTO "run_inputs" VALUES(6,'alice',NULL,'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
INSERT INTO "run_inputs" VALUES(7,'alice',NULL,'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
INSERT INTO "run_inputs" VALUES(8,'alice',NULL,'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
INSERT INTO "run_inputs" VALUES(9,'alice',NULL,'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
INSERT INTO "run_inputs" VALUES(10,'alice',NULL,'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
INSERT INTO "run_inputs" VALUES(11,'alice',NULL,'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d','{"order":1}');
CREATE TABLE run_tags (tag integer not null, run integer not null, primary key (tag, run)) strict, without rowid;
INSERT INTO "run_tags" VALUES(1,1);
CREATE TABLE runs (
  id integer primary key autoincrement,
  run_id text not null,
  status integer not null,
  wait integer,
  route integer not null,
  pool integer not null,
  workflow integer not null,
  definition integer,
  priority integer not null,
  token integer not null,
  rev integer not null,
  seq integer not null default 0,
  attempt integer not null default 1,
  wakeups integer not null default 0,
  takeovers integer not null default 0,
  asked integer,
  session integer,
  assigned integer,
  assigned_until integer,
  created_at integer not null,
  changed_at integer not null,
  due_at integer,
  step_started integer,
  step text
) strict;
INSERT INTO "runs" VALUES(1,'done',5,NULL,1,1,1,1,2,1,4,3,1,0,0,NULL,NULL,NULL,NULL,1780000001500000,1780000003500000,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(2,'waiting',3,1,2,1,1,1,0,1,3,1,1,0,0,NULL,NULL,NULL,NULL,1780000003750000,1780000004750000,NULL,NULL,'judge');
INSERT INTO "runs" VALUES(3,'approved',1,NULL,2,1,1,1,0,1,2,0,1,1,0,NULL,NULL,NULL,NULL,1780000005000000,1780000006000000,NULL,NULL,'fetch');
INSERT INTO "runs" VALUES(4,'rejected',7,NULL,2,1,1,1,0,1,2,0,1,1,0,NULL,NULL,NULL,NULL,1780000006250000,1780000007250000,NULL,NULL,'fetch');
INSERT INTO "runs" VALUES(5,'failed',6,NULL,2,1,1,1,0,1,3,1,1,0,0,NULL,NULL,NULL,NULL,1780000007500000,1780000008500000,NULL,NULL,'judge');
INSERT INTO "runs" VALUES(6,'later',3,2,3,2,1,1,0,1,2,0,2,0,0,NULL,NULL,NULL,NULL,1780000008750000,1780000009500000,1780000609500000,NULL,'fetch');
INSERT INTO "runs" VALUES(7,'delayed',3,2,2,1,1,1,0,0,0,0,1,0,0,NULL,NULL,NULL,NULL,1780000009750000,1780000009750000,1780000609750000,NULL,'fetch');
INSERT INTO "runs" VALUES(8,'new',1,NULL,4,1,2,2,0,0,0,0,1,0,0,NULL,NULL,NULL,NULL,1780000010000000,1780000010000000,NULL,NULL,'fetch');
INSERT INTO "runs" VALUES(9,'unknown',1,NULL,5,1,3,NULL,0,0,0,0,1,0,0,NULL,NULL,NULL,NULL,1780000010250000,1780000010250000,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(10,'cancelled',8,NULL,2,1,1,1,0,0,0,0,1,0,0,NULL,NULL,NULL,NULL,1780000010500000,1780000010750000,NULL,NULL,'fetch');
INSERT INTO "runs" VALUES(11,'held',2,NULL,2,1,1,1,0,1,2,1,1,0,0,2,2,NULL,NULL,1780000011250000,1780000011500000,NULL,1780000012000000,'judge');
CREATE TABLE schema_migrations (number integer primary key, name text not null, checksum text not null, min_code integer not null, applied_at integer not null) strict;
INSERT INTO "schema_migrations" VALUES(1,'first','fbc8a656dc37773980575fead47ec3818f5a918a755b13f70463b6e4f3e265ae',1,1780000000500000);
CREATE TABLE session_definitions (
  workflow integer not null,
  session integer not null,
  definition integer not null,
  primary key (workflow, session)
) strict, without rowid;
INSERT INTO "session_definitions" VALUES(1,1,1);
INSERT INTO "session_definitions" VALUES(1,2,1);
CREATE TABLE sessions (
  id integer primary key autoincrement,
  name text not null,
  kind text not null,
  pool text not null,
  labels text not null,
  workflows text not null,
  status integer not null default 1,
  asked integer,
  lease_ttl integer not null,
  lease_until integer not null,
  beat_at integer not null,
  started_at integer not null,
  ended_at integer,
  max_concurrent integer not null,
  host text not null,
  boot_id text not null,
  pid_namespace text not null,
  pid integer not null,
  process_started text not null
) strict;
INSERT INTO "sessions" VALUES(1,'w1','worker','default','{}','["orders"]',1,NULL,600000000,1780000601250000,1780000001250000,1780000001250000,NULL,1,'here','b','n',7,'1');
INSERT INTO "sessions" VALUES(2,'w2','worker','default','{}','["orders"]',1,NULL,600000000,1780000611000000,1780000011000000,1780000011000000,NULL,1,'here','b','n',7,'1');
CREATE TABLE tags (id integer primary key, key text not null, value text not null, unique (key, value)) strict;
INSERT INTO "tags" VALUES(1,'customer','Zoë');
CREATE TABLE workflows (id integer primary key, name text not null unique) strict;
INSERT INTO "workflows" VALUES(1,'orders');
INSERT INTO "workflows" VALUES(2,'bills');
INSERT INTO "workflows" VALUES(3,'letters');
CREATE INDEX session_definitions_of on session_definitions (session);
CREATE INDEX sessions_live on sessions (lease_until) where status <= 3;
CREATE INDEX sessions_ended on sessions (ended_at) where ended_at is not null;
CREATE UNIQUE INDEX runs_by_id on runs (run_id);
CREATE INDEX runs_ready on runs (route, (takeovers >= 2), priority desc, id) where status = 1;
CREATE INDEX runs_waited on runs (pool, changed_at) where status = 1;
CREATE INDEX runs_due on runs (due_at) where status = 3 and due_at is not null;
CREATE INDEX runs_held on runs (session) where session is not null;
CREATE INDEX runs_assigned on runs (assigned) where assigned is not null;
CREATE INDEX runs_status on runs (status);
CREATE INDEX runs_changed on runs (changed_at);
CREATE INDEX runs_status_changed on runs (status, changed_at);
CREATE INDEX runs_workflow on runs (workflow, status);
CREATE INDEX runs_workflow_changed on runs (workflow, status, changed_at);
CREATE INDEX runs_pool on runs (pool, status);
CREATE INDEX runs_pool_changed on runs (pool, status, changed_at);
CREATE INDEX asks_overdue on asks (overdue_at) where overdue_at is not null;
CREATE UNIQUE INDEX attempts_of on attempts (run, seq, attempt, token);
CREATE INDEX events_of on events (run);
CREATE INDEX events_of_people on events (id) where source <> 'worker';
CREATE INDEX approvals_of on approvals (run);
CREATE INDEX approvals_pending on approvals (run) where status = 1;
CREATE INDEX approvals_due on approvals (deadline_at) where status = 1 and deadline_at is not null;
CREATE INDEX approvals_listed on approvals (status, ifnull(deadline_at, 9223372036854775807));
CREATE INDEX approvals_all on approvals (ifnull(deadline_at, 9223372036854775807));
CREATE INDEX dead_letters_type on dead_letters (error_type);
CREATE INDEX dead_letters_workflow on dead_letters (workflow);
CREATE TRIGGER runs_inserted after insert on runs begin
  insert into counters (status, route, n) values (new.status, new.route, 1)
    on conflict do update set n = n + 1;
  update arrivals set n = n + 1 where status = new.status;
end;
CREATE TRIGGER runs_moved after update of status on runs when new.status <> old.status begin
  update counters set n = n - 1 where status = old.status and route = old.route;
  insert into counters (status, route, n) values (new.status, new.route, 1)
    on conflict do update set n = n + 1;
  update arrivals set n = n + 1 where status = new.status;
end;
CREATE TRIGGER runs_deleted after delete on runs begin
  update counters set n = n - 1 where status = old.status and route = old.route;
end;
CREATE TRIGGER dead_letters_inserted after insert on dead_letters begin
  insert into error_groups (error_type, workflow, n) values (new.error_type, new.workflow, 1)
    on conflict do update set n = n + 1;
end;
CREATE TRIGGER dead_letters_deleted after delete on dead_letters begin
  update error_groups set n = n - 1 where error_type = old.error_type and workflow = old.workflow;
  delete from error_groups where error_type = old.error_type and workflow = old.workflow and n = 0;
end;
CREATE TRIGGER approvals_inserted after insert on approvals when new.status = 1 begin
  update pending_approvals set n = n + 1;
end;
CREATE TRIGGER approvals_moved after update of status on approvals when new.status <> old.status begin
  update pending_approvals set n = n + (new.status = 1) - (old.status = 1);
end;
CREATE TRIGGER approvals_deleted after delete on approvals when old.status = 1 begin
  update pending_approvals set n = n - 1;
end;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('sessions',2);
INSERT INTO "sqlite_sequence" VALUES('routes',5);
INSERT INTO "sqlite_sequence" VALUES('runs',11);
INSERT INTO "sqlite_sequence" VALUES('events',32);
INSERT INTO "sqlite_sequence" VALUES('approvals',3);
INSERT INTO "sqlite_sequence" VALUES('dead_letters',1);
COMMIT;
