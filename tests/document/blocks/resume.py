# On restart — skips "research", resumes from "draft"
result = await wf.run(run_id="article-pipeline-abc123")
