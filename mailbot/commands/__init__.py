"""The commands of `mailbot`, a noun a file; `mailbot.cli` says which there are."""
