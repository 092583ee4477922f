"""Whether a mail comes from the domain in its From: SPF, DKIM and DMARC, checked here by asking the DNS."""
