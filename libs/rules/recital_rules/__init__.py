"""The law, rule by rule: R01 to R27."""
