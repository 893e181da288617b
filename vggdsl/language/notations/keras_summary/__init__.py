"""What Keras' ``model.summary()`` prints."""

from vggdsl.language.notations.keras_summary.read import read, recognises
from vggdsl.language.notations.keras_summary.written import TITLE, write
from vggdsl.language.notations.registry import Notation, register

register(Notation("keras-summary", recognises, read, write, TITLE))
