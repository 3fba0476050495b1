from sagewai import WorkflowWorker, WorkerLoadBalancer
from sagewai.models.worker import WorkerCredentials
from sagewai.models.inference import InferenceParams

# Worker with local Ollama on GPU
worker = WorkflowWorker(
    store=store,
    workflow_registry={"article-pipeline": my_workflow},
    pool="local-ollama",
    labels={"zone": "local", "gpu": True},
    credentials=WorkerCredentials(
        model_overrides={"default": "ollama/llama3.2"},
        inference_overrides=InferenceParams(
            api_base="http://localhost:11434",
        ),
    ),
)
