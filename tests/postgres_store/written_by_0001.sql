-- What code that knew only 0001 wrote: every row it left, in columns as 0001 orders them, and where its ids stood.
INSERT INTO sagewai.approvals OVERRIDING SYSTEM VALUE VALUES
	(1, 2, '2020-01-02 01:08:50.809358+00', 'infinity', NULL, 1, 14, 1, DEFAULT, 'judge', '', 'lead', 'f4f9f0fa2c2db321193061a1df410f99d4401cce466384e388d127b87173ca39', 'Send it?', '{"cents":4200}'),
	(2, 3, '2020-01-02 01:08:50.81277+00', '2020-01-02 01:09:50.81277+00', NULL, 1, 4, 1, DEFAULT, 'fetch', '', 'lead', '8b26ad41a9b60e99a522a1bab83069039c6ebc0cb39efc9a62053b6a12eaf877', 'Send it?', 'null'),
	(3, 4, '2020-01-02 01:08:50.81512+00', 'infinity', 1, 1, 12, 2, DEFAULT, 'fetch', '', 'lead', '875ce5eec4be0b17ba4f89fa628cdc7954081ee5a921dc1a2cec2603a697e4d1', 'Send it?', '["approved"]'),
	(4, 5, '2020-01-02 01:08:50.820704+00', 'infinity', 2, 1, 12, 3, DEFAULT, 'fetch', '', 'lead', '49c87b9729a5826f562ef273974b84b8c42a0c9bedd4c89572cbc68e5cf0b76f', 'Send it?', '["rejected"]');
INSERT INTO sagewai.asks VALUES
	(12, '2020-01-02 01:08:50.839723+00', 2, 'bob', 'console', 'ssh', 'look first');
INSERT INTO sagewai.attempts VALUES
	(1, 0, 1, 1, 1, 1, '2020-01-02 01:08:50.795658+00', '2020-01-02 01:08:50.801582+00', NULL, 'fetch', '"done"', NULL),
	(1, 1, 1, 1, 1, 1, '2020-01-02 01:08:50.801582+00', '2020-01-02 01:08:50.802423+00', NULL, 'judge', '"done"', NULL),
	(1, 2, 1, 1, 1, 1, '2020-01-02 01:08:50.802423+00', '2020-01-02 01:08:50.803015+00', NULL, 'file', '"done"', NULL),
	(2, 0, 1, 1, 1, 1, '2020-01-02 01:08:50.804861+00', '2020-01-02 01:08:50.805543+00', NULL, 'fetch', '"done"', NULL),
	(2, 1, 1, 1, 4, 1, '2020-01-02 01:08:50.805543+00', '2020-01-02 01:08:50.809358+00', NULL, 'judge', NULL, NULL),
	(3, 0, 1, 1, 4, 1, '2020-01-02 01:08:50.811833+00', '2020-01-02 01:08:50.81277+00', NULL, 'fetch', NULL, NULL),
	(4, 0, 1, 1, 4, 1, '2020-01-02 01:08:50.814255+00', '2020-01-02 01:08:50.81512+00', NULL, 'fetch', NULL, NULL),
	(5, 0, 1, 1, 4, 1, '2020-01-02 01:08:50.819689+00', '2020-01-02 01:08:50.820704+00', NULL, 'fetch', NULL, NULL),
	(6, 0, 1, 1, 1, 1, '2020-01-02 01:08:50.823713+00', '2020-01-02 01:08:50.824509+00', NULL, 'fetch', '"done"', NULL),
	(6, 1, 1, 1, 2, 1, '2020-01-02 01:08:50.824509+00', '2020-01-02 01:08:50.825152+00', NULL, 'judge', NULL, '{"type": "builtins.ValueError", "message": "boom", "traceback": "line 1"}'),
	(7, 0, 1, 1, 1, 1, '2020-01-02 01:08:50.827202+00', '2020-01-02 01:08:50.828002+00', NULL, 'fetch', '"done"', NULL),
	(7, 1, 1, 1, 2, 1, '2020-01-02 01:08:50.828002+00', '2020-01-02 01:08:50.828683+00', 600, 'judge', NULL, '{"type": "builtins.ValueError", "message": "boom", "traceback": "line 1"}'),
	(12, 0, 1, 1, 1, 2, '2020-01-02 01:08:50.837572+00', '2020-01-02 01:08:50.838462+00', NULL, 'fetch', '"done"', NULL);
INSERT INTO sagewai.counters VALUES
	('', 101, 1),
	('', 102, 2),
	('default', 1, 3),
	('default', 2, 1),
	('default', 3, 4),
	('default', 5, 1),
	('default', 6, 1),
	('default', 7, 1),
	('default', 8, 1);
INSERT INTO sagewai.dead_letters OVERRIDING SYSTEM VALUE VALUES
	(1, 6, '2020-01-02 01:08:50.825152+00', 1, 0, 'orders', 'builtins.ValueError', 'judge');
INSERT INTO sagewai.decisions OVERRIDING SYSTEM VALUE VALUES
	(1, 3, '2020-01-02 01:08:50.81614+00', 'approve', 'bob', 'console', 'ssh', 'looked at it', NULL, '{"edited": 1}'),
	(2, 4, '2020-01-02 01:08:50.821662+00', 'reject', 'bob', 'console', 'ssh', 'looked at it', NULL, '{"edited": 1}');
INSERT INTO sagewai.definitions OVERRIDING SYSTEM VALUE VALUES
	(1, 'orders', '', '18456ed3c51624f04af573ea602358e894109fe493978aac26cc7abdd2fc9a01', '{fetch,judge,file}', '{1,3,1}', '{NULL,NULL,NULL}', '62e2683f1f9c9ebeddcb31f90934bc5b8273d8aa79d246c0ff879d260a78eec8'),
	(2, 'bills', '7', '8256320eb72203577e71454aa1d71b0ec9507e9c0a7029290794536c067db6a8', '{fetch,judge,file}', '{1,3,1}', '{NULL,NULL,NULL}', 'ee2e39e36165be7d14312ef0d38284fc91eac13d0362457c08b4988dea8a4a44');
INSERT INTO sagewai.endings VALUES
	(6, 'sagewai', '', '{"type": "builtins.ValueError", "message": "boom", "traceback": "line 1"}'),
	(11, 'alice', 'no need', NULL);
INSERT INTO sagewai.events OVERRIDING SYSTEM VALUE VALUES
	(1, 1, '2020-01-02 01:08:50.790619+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 2, "delay" : null}'),
	(2, 1, '2020-01-02 01:08:50.795658+00', 'claimed', NULL, NULL, NULL, '', '{"token" : 1, "worker" : "w1"}'),
	(3, 1, '2020-01-02 01:08:50.803015+00', 'completed', NULL, NULL, NULL, '', NULL),
	(4, 2, '2020-01-02 01:08:50.804288+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : null}'),
	(5, 2, '2020-01-02 01:08:50.804861+00', 'claimed', NULL, NULL, NULL, '', '{"token" : 1, "worker" : "w1"}'),
	(6, 2, '2020-01-02 01:08:50.809358+00', 'approval_requested', NULL, NULL, NULL, '', '{"approval_id" : 1, "gate" : "lead", "digest" : "f4f9f0fa2c2db321193061a1df410f99d4401cce466384e388d127b87173ca39"}'),
	(7, 2, '2020-01-02 01:08:50.809358+00', 'waiting', NULL, NULL, NULL, '', '{"for": "approval"}'),
	(8, 3, '2020-01-02 01:08:50.811184+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : null}'),
	(9, 3, '2020-01-02 01:08:50.811833+00', 'claimed', NULL, NULL, NULL, '', '{"token" : 1, "worker" : "w1"}'),
	(10, 3, '2020-01-02 01:08:50.81277+00', 'approval_requested', NULL, NULL, NULL, '', '{"approval_id" : 2, "gate" : "lead", "digest" : "8b26ad41a9b60e99a522a1bab83069039c6ebc0cb39efc9a62053b6a12eaf877"}'),
	(11, 3, '2020-01-02 01:08:50.81277+00', 'waiting', NULL, NULL, NULL, '', '{"for": "approval"}'),
	(12, 4, '2020-01-02 01:08:50.813688+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : null}'),
	(13, 4, '2020-01-02 01:08:50.814255+00', 'claimed', NULL, NULL, NULL, '', '{"token" : 1, "worker" : "w1"}'),
	(14, 4, '2020-01-02 01:08:50.81512+00', 'approval_requested', NULL, NULL, NULL, '', '{"approval_id" : 3, "gate" : "lead", "digest" : "875ce5eec4be0b17ba4f89fa628cdc7954081ee5a921dc1a2cec2603a697e4d1"}'),
	(15, 4, '2020-01-02 01:08:50.81512+00', 'waiting', NULL, NULL, NULL, '', '{"for": "approval"}'),
	(16, 4, '2020-01-02 01:08:50.81614+00', 'approved', 'bob', 'console', 'ssh', 'looked at it', '{"approval_id" : 3, "gate" : "lead", "digest" : "875ce5eec4be0b17ba4f89fa628cdc7954081ee5a921dc1a2cec2603a697e4d1", "displayed" : false}'),
	(17, 4, '2020-01-02 01:08:50.81614+00', 'woken', NULL, NULL, NULL, '', '{"by": "approval"}'),
	(18, 5, '2020-01-02 01:08:50.819041+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : null}'),
	(19, 5, '2020-01-02 01:08:50.819689+00', 'claimed', NULL, NULL, NULL, '', '{"token" : 1, "worker" : "w1"}'),
	(20, 5, '2020-01-02 01:08:50.820704+00', 'approval_requested', NULL, NULL, NULL, '', '{"approval_id" : 4, "gate" : "lead", "digest" : "49c87b9729a5826f562ef273974b84b8c42a0c9bedd4c89572cbc68e5cf0b76f"}'),
	(21, 5, '2020-01-02 01:08:50.820704+00', 'waiting', NULL, NULL, NULL, '', '{"for": "approval"}'),
	(22, 5, '2020-01-02 01:08:50.821662+00', 'rejected', 'bob', 'console', 'ssh', 'looked at it', '{"approval_id" : 4, "gate" : "lead", "digest" : "49c87b9729a5826f562ef273974b84b8c42a0c9bedd4c89572cbc68e5cf0b76f", "displayed" : false}'),
	(23, 6, '2020-01-02 01:08:50.823169+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : null}'),
	(24, 6, '2020-01-02 01:08:50.823713+00', 'claimed', NULL, NULL, NULL, '', '{"token" : 1, "worker" : "w1"}'),
	(25, 6, '2020-01-02 01:08:50.825152+00', 'failed', NULL, NULL, NULL, '', '{"error" : "builtins.ValueError"}'),
	(26, 7, '2020-01-02 01:08:50.826513+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : null}'),
	(27, 7, '2020-01-02 01:08:50.827202+00', 'claimed', NULL, NULL, NULL, '', '{"token" : 1, "worker" : "w1"}'),
	(28, 7, '2020-01-02 01:08:50.828683+00', 'waiting', NULL, NULL, NULL, '', '{"for" : "timer", "due_at" : "2020-01-02T01:18:50.828683+00:00"}'),
	(29, 8, '2020-01-02 01:08:50.829498+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : 600}'),
	(30, 9, '2020-01-02 01:08:50.831327+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : null}'),
	(31, 10, '2020-01-02 01:08:50.832427+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : null}'),
	(32, 11, '2020-01-02 01:08:50.832993+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : null}'),
	(33, 11, '2020-01-02 01:08:50.834731+00', 'cancelled', 'alice', 'cli', 'os', 'no need', NULL),
	(34, 12, '2020-01-02 01:08:50.836927+00', 'submitted', 'alice', 'cli', 'os', '', '{"pool" : "default", "priority" : 0, "delay" : null}'),
	(35, 12, '2020-01-02 01:08:50.837572+00', 'claimed', NULL, NULL, NULL, '', '{"token" : 1, "worker" : "w2"}'),
	(36, 12, '2020-01-02 01:08:50.839723+00', 'pause_requested', 'bob', 'console', 'ssh', 'look first', NULL);
INSERT INTO sagewai.inputs VALUES
	(1, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', '{"customer": "Zoë"}', '{"order":1}'),
	(2, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}'),
	(3, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}'),
	(4, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}'),
	(5, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}'),
	(6, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}'),
	(7, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}'),
	(8, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}'),
	(9, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}'),
	(10, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}'),
	(11, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}'),
	(12, 'alice', 'a781679e01308cfef90983a4c1350319a7e3993c3a3f5a8c8439781a326d7c8d', NULL, '{"order":1}');
INSERT INTO sagewai.migrations VALUES
	(1, 'first', '5ff99929c88c99d4dc30c701b4a648f1e871eb4f3641d7ee9f0eadce43d0ce3d', 1, '2020-01-02 01:08:50.676094+00');
INSERT INTO sagewai.routes OVERRIDING SYSTEM VALUE VALUES
	(1, 'default', 'orders', '', '3dfbd2467519035360f0082b618e27cdc204a480b3c489e3fed18c39e5451280', '{"gpu": "b:true"}'),
	(2, 'default', 'orders', '', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a', '{}'),
	(3, 'default', 'bills', '7', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a', '{}'),
	(4, 'default', 'letters', '3', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a', '{}');
INSERT INTO sagewai.run_tags VALUES
	('customer', 'Zoë', 1);
INSERT INTO sagewai.runs VALUES
	(7, '2020-01-02 01:08:50.826513+00', 2, 0, 1, 1, 3, 1, 2, 0, 0, 3, 2, NULL, '2020-01-02 01:08:50.828683+00', '2020-01-02 01:08:50.828683+00', '2020-01-02 01:18:50.828683+00', NULL, NULL, NULL, DEFAULT, 'judge', 'later', 'orders', 'default'),
	(1, '2020-01-02 01:08:50.790619+00', 1, 2, 1, 1, 4, 3, 1, 0, 0, 5, NULL, NULL, NULL, '2020-01-02 01:08:50.803015+00', NULL, NULL, NULL, NULL, DEFAULT, NULL, 'done', 'orders', 'default'),
	(8, '2020-01-02 01:08:50.829498+00', 2, 0, 1, 0, 0, 0, 1, 0, 0, 3, 2, NULL, NULL, '2020-01-02 01:08:50.829498+00', '2020-01-02 01:18:50.829498+00', NULL, NULL, NULL, DEFAULT, 'fetch', 'delayed', 'orders', 'default'),
	(2, '2020-01-02 01:08:50.804288+00', 2, 0, 1, 1, 3, 1, 1, 0, 0, 3, 1, NULL, '2020-01-02 01:08:50.809358+00', '2020-01-02 01:08:50.809358+00', NULL, NULL, NULL, NULL, DEFAULT, 'judge', 'waiting', 'orders', 'default'),
	(3, '2020-01-02 01:08:50.811184+00', 2, 0, 1, 1, 2, 0, 1, 0, 0, 3, 1, NULL, '2020-01-02 01:08:50.81277+00', '2020-01-02 01:08:50.81277+00', NULL, NULL, NULL, NULL, DEFAULT, 'fetch', 'late', 'orders', 'default'),
	(4, '2020-01-02 01:08:50.813688+00', 2, 0, 1, 1, 2, 0, 1, 1, 0, 1, NULL, NULL, '2020-01-02 01:08:50.81512+00', '2020-01-02 01:08:50.81614+00', NULL, NULL, NULL, NULL, DEFAULT, 'fetch', 'approved', 'orders', 'default'),
	(5, '2020-01-02 01:08:50.819041+00', 2, 0, 1, 1, 2, 0, 1, 1, 0, 7, NULL, NULL, '2020-01-02 01:08:50.820704+00', '2020-01-02 01:08:50.821662+00', NULL, NULL, NULL, NULL, DEFAULT, 'fetch', 'rejected', 'orders', 'default'),
	(9, '2020-01-02 01:08:50.831327+00', 3, 0, 2, 0, 0, 0, 1, 0, 0, 1, NULL, NULL, NULL, '2020-01-02 01:08:50.831327+00', NULL, NULL, NULL, NULL, DEFAULT, 'fetch', 'new', 'bills', 'default'),
	(6, '2020-01-02 01:08:50.823169+00', 2, 0, 1, 1, 3, 1, 1, 0, 0, 6, NULL, NULL, '2020-01-02 01:08:50.825152+00', '2020-01-02 01:08:50.825152+00', NULL, NULL, NULL, NULL, DEFAULT, 'judge', 'failed', 'orders', 'default'),
	(10, '2020-01-02 01:08:50.832427+00', 4, 0, NULL, 0, 0, 0, 1, 0, 0, 1, NULL, NULL, NULL, '2020-01-02 01:08:50.832427+00', NULL, NULL, NULL, NULL, DEFAULT, NULL, 'unknown', 'letters', 'default'),
	(11, '2020-01-02 01:08:50.832993+00', 2, 0, 1, 0, 0, 0, 1, 0, 0, 8, NULL, NULL, NULL, '2020-01-02 01:08:50.834731+00', NULL, NULL, NULL, NULL, DEFAULT, 'fetch', 'cancelled', 'orders', 'default'),
	(12, '2020-01-02 01:08:50.836927+00', 2, 0, 1, 1, 2, 1, 1, 0, 0, 2, NULL, 2, '2020-01-02 01:08:50.838462+00', '2020-01-02 01:08:50.837572+00', NULL, 2, NULL, NULL, DEFAULT, 'judge', 'held', 'orders', 'default');
INSERT INTO sagewai.session_definitions VALUES
	('orders', 1, 1),
	('orders', 2, 1);
INSERT INTO sagewai.sessions OVERRIDING SYSTEM VALUE VALUES
	(1, '2020-01-02 01:18:50.78049+00', '2020-01-02 01:08:50.78049+00', '2020-01-02 01:08:50.78049+00', NULL, '00:10:00', 7, 1, 1, NULL, false, false, 'worker', 'w1', 'default', 'here', 'b', 'n', '1', '{orders}', '{}'),
	(2, '2020-01-02 01:18:50.781745+00', '2020-01-02 01:08:50.781745+00', '2020-01-02 01:08:50.781745+00', NULL, '00:10:00', 7, 1, 1, NULL, false, false, 'worker', 'w2', 'default', 'here', 'b', 'n', '1', '{orders}', '{}');
SELECT pg_catalog.setval('sagewai.approvals_id_seq', 4, true);
SELECT pg_catalog.setval('sagewai.dead_letters_id_seq', 1, true);
SELECT pg_catalog.setval('sagewai.decisions_id_seq', 2, true);
SELECT pg_catalog.setval('sagewai.definitions_id_seq', 2, true);
SELECT pg_catalog.setval('sagewai.events_id_seq', 36, true);
SELECT pg_catalog.setval('sagewai.routes_id_seq', 4, true);
SELECT pg_catalog.setval('sagewai.runs_id_seq', 12, true);
SELECT pg_catalog.setval('sagewai.sessions_id_seq', 2, true);
