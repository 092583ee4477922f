"""A play: two claims live their whole lives against the real service, over real SMTP and HTTP, within a minute."""
