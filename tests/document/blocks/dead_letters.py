from sagewai import DeadLetterQueue
from sagewai.core.stores.postgres import PostgresStore

store = PostgresStore(database_url="postgresql://localhost/sagewai")
dlq = DeadLetterQueue(store=store)

# List failed runs
failed = await dlq.list_entries()

# Inspect a failed run
entry = await dlq.get_entry("run-abc123")

# Retry a failed run
await dlq.retry_entry("run-abc123")

# Discard a failed run
await dlq.discard_entry("run-abc123")
