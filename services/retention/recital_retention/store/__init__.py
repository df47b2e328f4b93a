"""Tables and every query of retention. Plain SQL, whole batches at a time; rows become values of the model here."""
