result = await wf.run(run_id="content-run-001")
# Picks up from "review" step, then runs "publish"
