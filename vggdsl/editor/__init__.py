"""What an editor asks of a text while it is typed: the language server, and what it knows."""
