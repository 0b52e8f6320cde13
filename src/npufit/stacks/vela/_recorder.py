"""What an older Vela knows but does not write down, recorded while it compiles: this runs inside Vela's own Python.

Releases before 5 are written in Python. Their debug database names neither the operators of the file nor the tensors
that commands write, and has no expected time per operation. So the functions that compute these are wrapped, never
changed, and the values that pass through them are kept as plain data. Python 3.7 and newer; nothing from npufit is
imported. `record.py` reads what `write` leaves.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

_WORD_BYTES = 4
_OPERATIONS = (0x0002, 0x0003, 0x0005, 0x0006)
"""First words of the commands that start a convolution, a depthwise one, a pooling and an elementwise operation."""

_MEMORIES = ("Sram", "Dram", "OnChipFlash", "OffChipFlash")


class Recorder:
    """Wraps functions of the Vela that this Python imports and keeps their results."""

    def __init__(self) -> None:
        """Wrap them. Raises ImportError or AttributeError if this Vela has no such functions."""
        self._performance: Any = import_module("ethosu.vela.npu_performance")
        self._operations: Any = import_module("ethosu.vela.operation").Op
        self._graph: Any = None
        self._sources: list[tuple[Any, list[str]]] = []
        self._commands: list[tuple[int, int, Any]] = []
        self._transfers: list[tuple[bool, Any, float, float]] = []
        self._passes: list[dict[str, Any]] = []
        self._database: Any = import_module("ethosu.vela.debug_database").DebugDatabase
        self._wrap_database()
        self._wrap_performance()

    def write(self, path: str) -> None:
        """Write everything to `path`, as JSON."""
        calls = self._calls_in_file_order()
        behind = {call.generated_stream_id: self._offset_behind(call) for call in calls}
        index: dict[int, int] = {}
        operations: list[dict[str, Any]] = []

        def number_of(operation: Any) -> int:
            if id(operation) not in index:
                index[id(operation)] = len(operations)
                operations.append(self._describe(operation))
            return index[id(operation)]

        record = {
            "sources": [names for _, names in self._sources],
            "streams": [call.generated_stream_id for call in calls],
            "commands": [
                [stream, offset - behind.get(stream, 0), number_of(operation)]
                for stream, offset, operation in self._commands
            ],
            "passes": [dict(entry, operation=number_of(entry["operation"])) for entry in self._passes],
            "operations": operations,
        }
        with open(path, "w") as file:
            json.dump(record, file)

    def _wrap_database(self) -> None:
        database = self._database
        add_source, add_command = database.add_source, database.add_command

        def source(operation: Any) -> Any:
            self._sources.append((operation, [tensor.name for tensor in operation.outputs]))
            return add_source(operation)

        def command(stream: int, offset: int, operation: Any) -> Any:
            self._commands.append((stream, offset, operation))
            return add_command(stream, offset, operation)

        database.add_source, database.add_command = source, command

    def _wrap_performance(self) -> None:
        performance = self._performance
        of_network = performance.calc_new_performance_for_network
        of_operation = performance.estimate_full_op_performance
        of_transfer = performance._estimate_memory_transfer_efficiency

        def network(graph: Any, *rest: Any, **named: Any) -> Any:
            self._graph = graph
            self._passes = []
            return of_network(graph, *rest, **named)

        def transfer(arch: Any, is_read: bool, memory: Any, *rest: Any) -> Any:
            found = of_transfer(arch, is_read, memory, *rest)
            self._transfers.append((bool(is_read), memory, float(rest[-1]), float(found)))
            return found

        def operation(arch: Any, schedule: Any, scheduled: Any, *rest: Any) -> Any:
            found = of_operation(arch, schedule, scheduled, *rest)
            # Before 3.9 Vela forgets here which feature maps it has moved to SRAM. It is asked again with what its own
            # command stream does; its answer to itself stays what it was.
            maps = [entry for entry in (scheduled.ofm, scheduled.ifm, scheduled.ifm2) if entry is not None]
            believed = [entry.mem_area for entry in maps]
            try:
                for entry in maps:
                    entry.mem_area = entry.connection.parent_tens.mem_area
                self._transfers = []
                self._passes.append(self._pass(schedule, scheduled, *of_operation(arch, schedule, scheduled, *rest)))
            finally:
                for entry, area in zip(maps, believed):  # noqa: B905 - Python 3.9 has no strict
                    entry.mem_area = area
            return found

        performance.calc_new_performance_for_network = network
        performance.estimate_full_op_performance = operation
        performance._estimate_memory_transfer_efficiency = transfer

    def _pass(self, schedule: Any, scheduled: Any, bandwidths: Any, macs: Any, cycles: Any) -> dict[str, Any]:
        """Return what Vela expects of one operation; bytes of feature maps both as needed and in whole bursts."""
        kinds, purposes = self._performance.PassCycles, self._performance.TensorPurpose
        ways, areas = self._performance.BandwidthDirection, self._performance.MemArea
        memories: dict[str, dict[str, float]] = {}
        for name in _MEMORIES:
            area = getattr(areas, name)
            moved = [(is_read, needed, bursts) for is_read, memory, needed, bursts in self._transfers if memory == area]
            used = bandwidths[area]
            weights = (purposes.Weights, purposes.FSBias)
            memories[name] = {
                "cycles": float(cycles[getattr(kinds, name + "Access")]),
                "read": sum(bursts for is_read, _, bursts in moved if is_read),
                "needed": sum(needed for is_read, needed, _ in moved if is_read),
                "write": sum(bursts for is_read, _, bursts in moved if not is_read),
                "tables": float(used[purposes.LUT][ways.Read]),
                "weights": float(sum(used[purpose][ways.Read] for purpose in weights)),
                "stored": float(sum(used[purpose][ways.Write] for purpose in weights)),
            }
        return {
            "operation": scheduled.parent_op,
            "stream": schedule.sg.generated_stream_id,
            "kind": str(scheduled.op_type),
            "macs": float(macs),
            "npu": float(cycles[kinds.Npu]),
            "total": float(cycles[kinds.Total]),
            "memories": memories,
        }

    def _describe(self, operation: Any) -> dict[str, Any]:
        """Return an operation: its source by number, and the tensor that it writes, with its shape (n, h, w, c)."""
        sources = {id(source): number for number, (source, _) in enumerate(self._sources)}
        known = self._database._optimisedUID.get(operation)
        shapes = operation.ofm_shapes
        shape = shapes[0] if shapes else None
        # A part of a tensor, such as what CONCATENATION gets, lies at an offset in it.
        is_part = getattr(operation, "write_offset", None) is not None
        return {
            "source": sources.get(id(operation), known[1] if known else -1),
            "writes": operation.ofm.name if operation.ofm is not None and not is_part else "",
            "shape": [] if shape is None else [int(size) for size in shape.as_list()],
        }

    def _calls_in_file_order(self) -> list[Any]:
        """Return the NPU's subgraphs in the order in which the file writer emits their calls."""
        graphs: Any = [] if self._graph is None else self._graph.subgraphs
        return [
            operation.attrs["subgraph"]
            for graph in graphs
            for scheduled in graph.passes
            for operation in scheduled.ops
            if operation.type == self._operations.CustomNpuOp
        ]

    def _offset_behind(self, call: Any) -> int:
        """Return how many bytes after its commands this Vela counts them: from 3.12 on it counts correctly."""
        words = call.register_command_stream
        offsets = [offset for stream, offset, _ in self._commands if stream == call.generated_stream_id]
        is_at = all(words[offset // _WORD_BYTES] & 0xFFFF in _OPERATIONS for offset in offsets)
        return 0 if is_at else _WORD_BYTES
