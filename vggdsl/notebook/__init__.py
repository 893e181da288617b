"""Who asks from a notebook: `%load_ext vggdsl` brings a cell of the spec language, findings without a traceback,
pictures beside tables, and a bar for a training."""
