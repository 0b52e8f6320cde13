"""How TensorFlow Lite cuts a graph: against a plain re-implementation, on any graph."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from networks import Network
from npufit.graph import NO_TENSOR, Operator, Subgraph, wire
from npufit.stacks.delegates.partitioning import describe_partition, partition_epochs
from stacks.teflon.on_teflon import place


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Subgraph, list[bool]]:
    """Draw operators that read inputs, constants, nothing, or any earlier outputs, and which of them are supported."""
    network = Network()
    tensors = [network.input(1, 2, 2, 16), network.input(1, 4), network.zeros(3), NO_TENSOR]
    for _ in range(draw(st.integers(0, 14))):
        inputs = draw(st.lists(st.sampled_from(tensors), max_size=4))
        outputs = [network.tensor((1, draw(st.integers(1, 9)))) for _ in range(draw(st.integers(0, 2)))]
        network.operators.append(Operator("ADD", tuple(inputs), tuple(outputs)))
        tensors += outputs
    count = len(network.operators)
    supported = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    made = [tensor for operator in network.operators for tensor in operator.outputs]
    outputs = tuple(draw(st.lists(st.sampled_from(made), unique=True))) if made else ()
    return network.model(*outputs).main if outputs else replace(network.model().main, outputs=()), supported


def _sweep(subgraph: Subgraph, supported: list[bool]) -> list[list[int]]:
    """Return the partitions as the facts tell it: sweep over the operators until an epoch takes no more."""
    unwritten = {tensor for operator in subgraph.operators for tensor in operator.outputs}
    left = list(range(len(subgraph.operators)))
    partitions: list[list[int]] = []
    while left:
        kind: bool | None = None
        epoch: list[int] = []
        took = True
        while took:
            took = False
            for index in list(left):
                operator = subgraph.operators[index]
                if unwritten.intersection(operator.inputs) or (kind is not None and supported[index] is not kind):
                    continue
                kind = supported[index]
                epoch.append(index)
                left.remove(index)
                unwritten.difference_update(operator.outputs)
                took = True
        if kind:
            partitions.append(sorted(epoch))
    return partitions


@given(graphs())
def test_partitions_are_those_of_repeated_sweeps(graph: tuple[Subgraph, list[bool]]) -> None:
    subgraph, supported = graph
    assert partition_epochs(subgraph, supported) == _sweep(subgraph, supported)


@given(graphs())
def test_every_supported_operator_is_in_exactly_one_partition(graph: tuple[Subgraph, list[bool]]) -> None:
    subgraph, supported = graph
    partitions = partition_epochs(subgraph, supported)
    members = sorted(index for partition in partitions for index in partition)
    assert members == [index for index, taken in enumerate(supported) if taken]
    assert all(partition and partition == sorted(partition) for partition in partitions)
    assert partitions == partition_epochs(subgraph, supported)


@given(graphs())
def test_partitions_can_run_one_after_the_other(graph: tuple[Subgraph, list[bool]]) -> None:
    # Whatever leads from a partition back into itself must not pass through another operator.
    subgraph, supported = graph
    epoch_of = {
        index: number for number, members in enumerate(partition_epochs(subgraph, supported)) for index in members
    }
    wiring = wire(subgraph)
    latest = [-1] * len(subgraph.operators)
    for index, operator in enumerate(subgraph.operators):
        before = [wiring.producer[tensor] for tensor in operator.inputs if tensor != NO_TENSOR]
        reached = [latest[producer] for producer in before if producer is not None]
        own = epoch_of.get(index, -1)
        assert own == -1 or all(epoch <= own for epoch in reached)
        cpu_between = [latest[p] for p in before if p is not None and p not in epoch_of]
        assert own == -1 or all(epoch < own for epoch in cpu_between)
        latest[index] = max([own, *reached])


@given(graphs())
def test_boundaries_are_what_crosses_them(graph: tuple[Subgraph, list[bool]]) -> None:
    subgraph, supported = graph
    wiring = wire(subgraph)
    for number, members in enumerate(partition_epochs(subgraph, supported)):
        partition = describe_partition(subgraph, wiring, 0, number, members)
        inside = [subgraph.operators[index] for index in members]
        outside = [operator for index, operator in enumerate(subgraph.operators) if index not in members]
        read = {tensor for operator in inside for tensor in operator.inputs if tensor != NO_TENSOR}
        written = {tensor for operator in inside for tensor in operator.outputs}
        wanted = {tensor for operator in outside for tensor in operator.inputs} | set(subgraph.outputs)
        assert set(partition.inputs) == {t for t in read - written if not subgraph.tensors[t].is_constant}
        assert set(partition.outputs) == written & wanted
        assert partition.traffic.input_bytes == sum(subgraph.tensors[tensor].size_bytes for tensor in partition.inputs)
        assert partition.traffic.output_bytes == sum(
            subgraph.tensors[tensor].size_bytes for tensor in partition.outputs
        )
        assert partition.traffic.total_bytes == partition.traffic.input_bytes + partition.traffic.output_bytes
        assert (partition.index, partition.operators) == (number, tuple(members))


def _two_branches(first_on_cpu: bool) -> Subgraph:
    network = Network()
    ifm = network.input(1, 4, 4, 8)
    first = network.cpu(ifm) if first_on_cpu else network.convolve(ifm, 8, 1)
    second = network.convolve(ifm, 8, 1)
    network.apply("ADD", (first, second), (1, 4, 4, 8))
    return network.model().main


def test_operators_that_are_far_apart_share_a_partition() -> None:
    # 0 is on the CPU but does not stand between 1 and 2: it has its turn first.
    assert partition_epochs(_two_branches(True), [False, True, True]) == [[1, 2]]


def test_the_first_ready_operator_decides_which_kind_begins() -> None:
    assert partition_epochs(_two_branches(False), [True, False, True]) == [[0], [2]]


def test_one_refused_operator_cuts_a_chain() -> None:
    network = Network()
    ifm = network.convolve(network.input(1, 4, 4, 8), 8, 1)
    ifm = network.convolve(network.cpu(ifm), 8, 1)
    model = network.model()
    assert partition_epochs(model.main, [True, False, True]) == [[0], [2]]
    placement = place(model, "26.2")
    assert [operator.partition for operator in placement.operators] == [0, None, 1]
    assert [partition.traffic.total_bytes for partition in placement.partitions] == [256, 256]


def test_operators_that_never_become_ready_are_in_no_partition() -> None:
    network = Network()
    ifm = network.input(1, 4)
    first = network.apply("ADD", (ifm, 2), (1, 4))
    network.apply("ADD", (first, ifm), (1, 4))
    assert partition_epochs(network.model().main, [True, True]) == []


def test_time_is_linear_in_alternating_chains() -> None:
    # A sweep per epoch would need 2 * 10^8 steps here and minutes.
    network = Network()
    tensor = network.input(1, 4)
    for _ in range(20_000):
        tensor = network.apply("ADD", (tensor, tensor), (1, 4))
    subgraph = network.model().main
    assert len(partition_epochs(subgraph, [index % 2 == 0 for index in range(20_000)])) == 10_000
