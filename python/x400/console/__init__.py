"""What looks into a running MTA from outside: its control sockets, and the metrics made of what they tell."""
