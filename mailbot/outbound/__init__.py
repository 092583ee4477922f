"""What leaves: mails and webhooks are composed here, and sent from the outbox only, until somebody has taken them."""
