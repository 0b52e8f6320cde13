"""A network of the zoo, as a model."""

from __future__ import annotations

from npufit.graph import Model
from npufit.zoo.catalogue import CATALOGUE
from npufit.zoo.encoding import encode
from npufit.zoo.parsing import validate_spec
from npufit.zoo.spec import ZooSpec


def build(spec: ZooSpec) -> Model:
    """Return the network that `spec` describes; the same spec always gives the same model.

    The weights are random and the network recognises nothing; structure, shapes, quantization and activation ranges are
    those of the real one. Raises InputError if the zoo has no such network.
    """
    validate_spec(spec)
    return encode(CATALOGUE[spec.network].draw(spec), spec)
