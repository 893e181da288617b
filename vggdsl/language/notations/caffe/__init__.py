"""Caffe's prototxt files, of deployment and of training."""

from vggdsl.language.notations.caffe.read import TITLE, read, recognises
from vggdsl.language.notations.caffe.written import write
from vggdsl.language.notations.registry import Notation, register

__all__ = ["read", "recognises", "write"]

register(Notation("caffe", recognises, read, write, TITLE))
