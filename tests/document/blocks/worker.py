from sagewai import WorkflowWorker
from sagewai.core.stores.postgres import PostgresStore

store = PostgresStore(database_url="postgresql://localhost/sagewai")
await store.initialize()

worker = WorkflowWorker(
    store=store,
    workflow_registry={"article-pipeline": my_workflow},
    poll_interval=2.0,
    heartbeat_interval=10.0,
)

await worker.start()  # Blocks until shutdown
