from sagewai import WorkflowMonitor
from sagewai.core.stores.postgres import PostgresStore

store = PostgresStore(database_url="postgresql://localhost/sagewai")
monitor = WorkflowMonitor(store=store)

# List running workflows
executions = await monitor.list_executions(status="running")

# Inspect a specific execution
detail = await monitor.get_execution("run-abc123")

# Get execution timeline (like Temporal's event history)
timeline = await monitor.get_execution_timeline("run-abc123")

# Retry a failed execution
await monitor.retry_execution("run-abc123")
