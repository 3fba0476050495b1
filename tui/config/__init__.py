"""The operator's configuration: one TOML file of defaults, contexts, keys and views. Imports nothing that draws."""
