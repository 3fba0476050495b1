from sagewai import DurableWorkflow, ApprovalGate, UniversalAgent
from sagewai.core.stores.postgres import PostgresStore

store = PostgresStore(database_url="postgresql://localhost/sagewai")
await store.initialize()

writer = UniversalAgent(name="writer", model="gpt-4o")
wf = DurableWorkflow(name="content-pipeline", store=store)
gate = ApprovalGate(workflow=wf)

@wf.step("draft")
async def draft(topic: str) -> str:
    return await writer.chat(f"Write about: {topic}")

@wf.step("review")
async def review(content: str) -> str:
    # This pauses the workflow until a human approves
    await gate.request_approval(
        prompt=f"Approve publication of: {content[:200]}...",
        context={"content": content},
    )
    return content  # Only reached after approval

@wf.step("publish")
async def publish(approved_content: str) -> str:
    return f"Published: {approved_content[:100]}..."

# Start the workflow — it will pause at the "review" step
run_id = "content-run-001"
try:
    result = await wf.run(run_id=run_id, topic="AI safety")
except Exception:
    pass  # Workflow is now waiting for approval
