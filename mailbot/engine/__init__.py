"""The only room in which an event changes a claim: gather, decide, compose, one transaction."""
