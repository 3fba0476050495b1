-- Who the session's user is, the kinds of roles it is in (null: it passes names that stand), and what its rights allow.

select session_user::text as name, sagewai.own_rights() as kinds, sagewai.sees_payloads() as payloads,
       has_table_privilege('sagewai.runs', 'insert') and has_any_column_privilege('sagewai.inputs', 'insert') as submit,
       has_table_privilege('sagewai.asks', 'insert') as operate,
       has_function_privilege(
         'sagewai.decide(text, text, text, text, text, text, bigint, text, text, boolean)', 'execute') as decide,
       has_table_privilege('sagewai.sessions', 'insert') as execute,
       has_schema_privilege('sagewai', 'create') as migrate
