"""What holds for the repository as a whole: its shape, its sources, its package and its public face."""
