"""What dsar can do: each action loads facts, asks a decision, and saves and announces in one transaction."""
