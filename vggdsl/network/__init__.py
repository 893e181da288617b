"""The mathematics of a network: shapes, layer kinds, the graph, what arithmetic says of it."""
