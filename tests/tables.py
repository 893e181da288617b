"""What a table that prints one network is read as."""

import vggdsl
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec


def same_network(table: str, spec: str) -> None:
    """A table is read as the network of a spec, and none of its claims fails."""
    ((_, found),) = parse_all(table, "-")
    assert isinstance(found, Spec), found
    assert found.network.graph.digest == vggdsl.parse(spec).network.graph.digest, found.text
    assert not found.count("refuted")
