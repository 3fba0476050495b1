import asyncio
from sagewai import (
    DurableWorkflow,
    ApprovalGate,
    UniversalAgent,
    WorkflowWorker,
)
from sagewai.core.stores.postgres import PostgresStore

async def main():
    store = PostgresStore(database_url="postgresql://localhost/sagewai")
    await store.initialize()

    researcher = UniversalAgent(name="researcher", model="gpt-4o")
    writer = UniversalAgent(name="writer", model="gpt-4o")

    wf = DurableWorkflow(name="article-pipeline", store=store)
    gate = ApprovalGate(workflow=wf)

    @wf.step("research")
    async def research(topic: str) -> str:
        return await researcher.chat(f"Research: {topic}")

    @wf.step("draft", retries=3)
    async def draft(findings: str) -> str:
        return await writer.chat(f"Write article from: {findings}")

    @wf.step("review")
    async def review(content: str) -> str:
        await gate.request_approval(prompt=f"Approve: {content[:200]}...")
        return content

    # Submit the workflow — a worker will pick it up
    result = await wf.run(topic="quantum computing advances")
    print(result)

asyncio.run(main())
