"""The engine on real stores: what a workflow's author and its operator can rely on."""
