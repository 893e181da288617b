"""Names in Python for those of a spec."""

import keyword
import re
from collections.abc import Container, Iterator
from itertools import count


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAKEN = _words(
    "T_destination add_module append apply bfloat16 buffers call_super_init children compile cpu cuda double "
    "dump_patches eval extend extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half "
    "insert ipu load_state_dict modules mtia named_buffers named_children named_modules named_parameters "
    "parameters pop register_backward_hook register_buffer register_forward_hook register_forward_pre_hook "
    "register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook "
    "register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook "
    "register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to to_empty "
    "train training type xpu zero_grad"
)
"""What a module or an ``nn.Sequential`` has by itself, apart from names that begin with an underscore; it refuses
layers of these names."""

_RESERVED = _words("self i l str range super chain nn torch F Tensor OrderedDict")
"""What a file says itself, and what is hard to read."""


def is_taken(name: str) -> bool:
    return name in TAKEN or name.startswith("_")


def is_plain(name: str) -> bool:
    """Whether Python can say ``self.name`` of a layer."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and not is_taken(name)


def is_parameter(name: str) -> bool:
    return is_plain(name) and name not in _RESERVED


def class_name(words: str, used: Container[str], fallback: str) -> str:
    """The name of a class, as no other of the file has it.

    >>> class_name("basic_proj", (), "Block"), class_name("3a", (), "Block"), class_name("é", (), "Block")
    ('BasicProj', 'Block3a', 'Block')
    >>> class_name("basic", {"Basic"}, "Block")
    'Basic2'
    """
    name = "".join(word[:1].upper() + word[1:] for word in re.findall("[A-Za-z0-9]+", words))
    if not name[:1].isalpha():
        name = fallback + name
    if keyword.iskeyword(name) or name in _RESERVED:
        name += fallback
    return next(each for each in (name + (str(i) if i > 1 else "") for i in count(1)) if each not in used)


def variables() -> Iterator[str]:
    """Names of the values in branches, the first ones short.

    >>> names = variables()
    >>> [next(names) for _ in range(3)]
    ['a', 'b', 'c']
    """
    yield from "abcdefghjkmnpqrstuvwyz"
    yield from (f"v{i}" for i in count(1))
