# Approve — the workflow resumes from the review step
await gate.approve(run_id="content-run-001", reviewer="editor@acme.com")

# Or reject
await gate.reject(
    run_id="content-run-001",
    reason="Content needs more citations",
    reviewer="editor@acme.com",
)
