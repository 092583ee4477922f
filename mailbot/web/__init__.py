"""What browsers and API clients see: pages without scripts, and the REST interface. Every change is an engine event."""
