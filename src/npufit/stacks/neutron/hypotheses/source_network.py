"""A network as the hypotheses see it: what the NPU could take of it, and how large everything is."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, pairwise

from npufit.graph import NO_TENSOR, Model, Subgraph, wire
from npufit.stacks.neutron.explain import refuse
from npufit.stacks.neutron.hypotheses.quantities import SUMMED, measure_operator
from npufit.stacks.neutron.networks import box_decoders
from npufit.stacks.neutron.neutron_operator import NeutronOperator
from npufit.stacks.neutron.versions import Release
from npufit.stacks.probed import measure_graph

_TAKEN = frozenset(
    {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "FULLY_CONNECTED", "MAX_POOL_2D", "AVERAGE_POOL_2D"},
)
"""What NXP's own delegate let the converter try (neutron_delegate.cc), without PAD and RESHAPE, which may fold away."""

_LONGEST_FILE_NAME = 100


class SourceNetwork:
    """The main subgraph of a model. Operators are named by their index; the index is also the order of execution."""

    def __init__(self, model: Model, name: str, release: Release, refused: frozenset[str] = frozenset()) -> None:
        """Look at `model`, called `name` in sentences, as `release` would.

        `refused` are the results of operators that the NPU does not take at any size, by the names of their tensors.
        """
        self.model = model
        self.name = name
        self._release = release
        self._refused = refused
        self._operators: dict[str, tuple[int | None, ...]] = {}
        self._summed: dict[str, list[int]] = {}
        self._refusing: dict[frozenset[str], SourceNetwork] = {}
        self._groups: dict[tuple[int, int], Mapping[str, int]] = {}

    @property
    def subgraph(self) -> Subgraph:
        """The main subgraph."""
        return self.model.main

    def __len__(self) -> int:
        """Return the number of operators."""
        return len(self.subgraph.operators)

    def variant(self, model: Model, name: str) -> SourceNetwork:
        """Return another network that shares operators with this one."""
        return SourceNetwork(model, name, self._release, self._refused)

    def without(self, operators: Iterable[int]) -> SourceNetwork:
        """Return the same network, of which the NPU takes none of `operators` at any size."""
        return self._with_refused(self._refused.union(map(self._result, operators)))

    def refusing_like(self, other: SourceNetwork) -> SourceNetwork:
        """Return the same network, of which the NPU takes as little as of `other`."""
        return self._with_refused(other._refused)

    def _with_refused(self, refused: frozenset[str]) -> SourceNetwork:
        if refused == self._refused:
            return self
        if refused not in self._refusing:
            self._refusing[refused] = SourceNetwork(self.model, self.name, self._release, refused)
        return self._refusing[refused]

    @property
    def file_name(self) -> str:
        """The name as a file without an ending may have it."""
        return re.sub(r"[^A-Za-z0-9.@-]+", "_", self.name).strip("_.")[-_LONGEST_FILE_NAME:]

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The type of each operator; equal for one network at different sizes."""
        return tuple(operator.type for operator in self.subgraph.operators)

    def _result(self, operator: int) -> str:
        outputs = self.subgraph.operators[operator].outputs
        return self.subgraph.tensors[outputs[0]].name if outputs else ""

    def is_same(self, other: SourceNetwork) -> bool:
        """Return whether both have the same operators at the same sizes, whatever their weights and names are."""
        return self.types == other.types and self._shapes == other._shapes

    @cached_property
    def _shapes(self) -> tuple[object, ...]:
        return tuple(
            tuple((tensor.shape, tensor.element) for tensor in self.subgraph.output_tensors(operator))
            for operator in self.subgraph.operators
        )

    def type_of(self, operator: int) -> str:
        """Return the type of an operator."""
        return self.subgraph.operators[operator].type

    def of_type(self, *types: str) -> tuple[int, ...]:
        """Return the operators of some types."""
        return tuple(index for index, operator in enumerate(self.subgraph.operators) if operator.type in types)

    @cached_property
    def candidates(self) -> frozenset[int]:
        """The operators that no documented rule keeps on the CPU."""
        wiring, decoders = wire(self.subgraph), box_decoders(self.subgraph)
        sites = (NeutronOperator(self.subgraph, wiring, index, self._release, decoders) for index in range(len(self)))
        return frozenset(
            site.index for site in sites if refuse(site) is None and self._result(site.index) not in self._refused
        )

    @cached_property
    def expected(self) -> frozenset[int]:
        """The candidates of a type that the NPU takes as such; of every other type it may refuse all."""
        return self.candidates.intersection(self.of_type(*_TAKEN))

    @cached_property
    def operand_distances(self) -> Mapping[int, int]:
        """For each ADD of two feature maps the bytes from one operand to the other, in a memory that is not reused."""
        graph = self.subgraph
        producer = wire(graph).producer
        starts = [0]
        for operator in graph.operators:
            written = (graph.tensors[tensor].size_bytes for tensor in operator.outputs if tensor != NO_TENSOR)
            starts.append(starts[-1] + sum(written))
        distances: dict[int, int] = {}
        for index in self.of_type("ADD"):
            writers = [producer[tensor] for tensor in graph.operators[index].inputs if tensor != NO_TENSOR]
            places = [starts[writer] for writer in writers if writer is not None]
            if len(places) == 2:
                distances[index] = abs(places[0] - places[1])
        return distances

    def values(self, quantity: str) -> tuple[int | None, ...]:
        """Return a quantity of every operator, None where it has none."""
        if quantity not in self._operators:
            self._operators[quantity] = tuple(
                measure_operator(self.subgraph, operator, quantity) for operator in self.subgraph.operators
            )
        return self._operators[quantity]

    def size_of(self, quantity: str, first: int, last: int) -> int:
        """Return a quantity of the group of operators from `first` to before `last`."""
        if quantity in SUMMED:
            sums = self._sums(quantity)
            return sums[last] - sums[first]
        if (first, last) not in self._groups:
            self._groups[first, last] = measure_graph(self.subgraph, range(first, last))
        return self._groups[first, last][quantity]

    def _sums(self, quantity: str) -> list[int]:
        if quantity not in self._summed:
            self._summed[quantity] = [
                0,
                *accumulate(SUMMED[quantity](self.subgraph, it) for it in self.subgraph.operators),
            ]
        return self._summed[quantity]

    def longest_suffix(self, quantity: str, limit: int) -> int:
        """Return the first operator of the longest suffix whose quantity is within `limit`.

        Every quantity of a group grows with the group.
        """
        count = len(self)
        starts = range(count, -1, -1)
        beyond = bisect_left(starts, True, key=lambda start: self.size_of(quantity, start, count) > limit)
        return starts[beyond - 1] if beyond else count

    def segments(self, separators: Sequence[int]) -> tuple[range, ...]:
        """Return the runs of operators between `separators`, without empty ones."""
        edges = [-1, *separators, len(self)]
        runs = (range(before + 1, after) for before, after in pairwise(edges))
        return tuple(run for run in runs if run)
