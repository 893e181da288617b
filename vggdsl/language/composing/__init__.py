"""Network -> syntax: a spec as a person would write it, of layers that nobody wrote in the language."""
