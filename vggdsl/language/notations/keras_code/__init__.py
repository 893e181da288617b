"""Keras code, as text: read by a grammar, never run."""

from vggdsl.language.notations.keras_code.read import read, recognises
from vggdsl.language.notations.keras_code.written import TITLE, write
from vggdsl.language.notations.registry import Notation, register

register(Notation("keras-code", recognises, read, write, TITLE))
