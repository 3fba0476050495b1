from sagewai import DurableWorkflow, UniversalAgent
from sagewai.core.stores.postgres import PostgresStore

store = PostgresStore(database_url="postgresql://localhost/sagewai")
await store.initialize()

researcher = UniversalAgent(name="researcher", model="gpt-4o")
writer = UniversalAgent(name="writer", model="gpt-4o")

wf = DurableWorkflow(name="article-pipeline", store=store)

@wf.step("research")
async def research(topic: str) -> str:
    return await researcher.chat(topic)

@wf.step("draft", retries=3, retry_delay=2.0)
async def draft(research_output: str) -> str:
    return await writer.chat(f"Write an article based on: {research_output}")

@wf.step("publish", timeout=30.0)
async def publish(draft: str) -> str:
    # Publish to CMS, send notifications, etc.
    return f"Published: {draft[:100]}..."

result = await wf.run(topic="quantum computing")
