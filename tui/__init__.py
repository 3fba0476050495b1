"""The operations console for sagewai: `sagewai-tui`."""
