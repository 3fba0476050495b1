"""What screens are built of: each widget draws safe text and knows nothing of stores."""
