"""What the product costs, beside what the machine and the peers give."""
