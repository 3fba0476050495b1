"""The console's screens: each shows what the gateway gives and asks it to act, and knows nothing of stores."""
