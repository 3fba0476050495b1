"""What `sagewai-tui --demo` runs: workflows that do real work on files shipped with them, and the story they tell."""
