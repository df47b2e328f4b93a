"""The tables of dsar and every query on them; rows never leave, they are mapped to the model's nouns."""
