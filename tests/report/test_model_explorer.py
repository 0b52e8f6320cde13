"""Node data for Model Explorer, loaded with its own classes and matched with the graphs of its own adapter."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import npufit
from networks import schema_files
from npufit.cli.main import npufit as group
from npufit.report.check.model_explorer import NodeQuantity, check_node_data
from npufit.stacks import Unit
from real_files import find_model

_TEFLON = "imx93/teflon@25.3"
_READ_GRAPHS = """
import json, sys
from model_explorer.builtin_tflite_flatbuffer_adapter import BuiltinTfliteFlatbufferAdapter

for path in sys.argv[1:]:
    (collection,) = BuiltinTfliteFlatbufferAdapter().convert(path, {})["graphCollections"]
    graphs = [[graph["id"], {node["id"]: node["label"] for node in graph["nodes"]}] for graph in collection.graphs]
    print(json.dumps(graphs))
"""
"""Model Explorer imports TensorFlow's own parts, so it gets a process of its own."""


def _graphs(*paths: Path) -> list[list[tuple[str, dict[str, str]]]]:
    """Return the graphs that Model Explorer's adapter makes of each file: their ids, and the label of each node."""
    done = subprocess.run(
        [sys.executable, "-c", _READ_GRAPHS, *map(str, paths)], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _in_its_own_form(text: str) -> dict[str, Any]:
    """Return node data as Model Explorer's own classes write them, which refuse fields that they do not know."""
    forms: Any = import_module("model_explorer.node_data_builder")
    graphs = {
        graph: forms.GraphNodeData(
            results={node: forms.NodeDataResult(**value) for node, value in data.pop("results").items()},
            gradient=[forms.GradientItem(**stop) for stop in data.pop("gradient", ())],
            **data,
        )
        for graph, data in json.loads(text).items()
    }
    return json.loads(forms.ModelNodeData(graphsData=graphs).to_json_string())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("quantity", NodeQuantity)
def test_its_own_classes_take_the_file(quantity: NodeQuantity) -> None:
    result = npufit.check(find_model("micro/pad_asym_conv.tflite"), _TEFLON)
    text = check_node_data(result, quantity)
    loaded = _in_its_own_form(text)
    for graph, data in json.loads(text).items():
        assert loaded[graph].items() >= data.items()


def test_nodes_are_those_of_its_own_adapter(tmp_path: Path) -> None:
    loops = tmp_path / "loops.tflite"
    loops.write_bytes(schema_files.while_loop())
    paths = [loops, *(find_model(name) for name in ("person_detect.tflite", "micro/residual_chain.tflite"))]
    for path, graphs in zip(paths, _graphs(*paths), strict=True):
        result = npufit.check(path, _TEFLON)
        data = json.loads(check_node_data(result))
        assert list(data) == [name for name, _ in graphs]
        for subgraph, (name, labels) in zip(result.model.subgraphs, graphs, strict=True):
            types = {str(index): operator.name.lower() for index, operator in enumerate(subgraph.operators)}
            assert {node: labels[node] for node in data[name]["results"]} == types


def test_graphs_without_a_name_or_with_the_same(tmp_path: Path) -> None:
    packed = schema_files.schema.ModelT.InitFromPackedBuf(schema_files.while_loop(), 0)
    for names in ([b"", b"", b""], [None, b"\xff", b"same"], [b"same", b"other", b"same"]):
        for subgraph, name in zip(packed.subgraphs, names, strict=True):
            subgraph.name = name
        path = tmp_path / "loops.tflite"
        path.write_bytes(schema_files.pack(packed))
        (graphs,) = _graphs(path)
        data = json.loads(check_node_data(npufit.check(path, _TEFLON)))
        assert list(data) == list(dict.fromkeys(name for name, _ in graphs))


def test_each_quantity_says_what_the_check_says() -> None:
    result = npufit.check(find_model("micro/pad_asym_conv.tflite"), _TEFLON)
    files = {quantity: json.loads(check_node_data(result, quantity))["main"]["results"] for quantity in NodeQuantity}
    assert result.estimate is not None
    times = {str(entry.placement.id.index): entry.ms for entry in result.estimate.operators}
    for placed in result.placement.operators:
        node = str(placed.id.index)
        unit = files[NodeQuantity.UNIT][node]["value"]
        assert unit == {Unit.NPU: "NPU", Unit.CPU: "CPU", Unit.UNKNOWN: "unknown"}[placed.unit]
        assert files[NodeQuantity.PARTITION].get(node, {}).get("value") == (
            None if placed.partition is None else f"partition {placed.partition}"
        )
        assert files[NodeQuantity.TIME][node]["value"] == pytest.approx(times[node], rel=1e-5)
        assert files[NodeQuantity.ALL][node]["value"].startswith(unit)
    culprits = {str(hazard.culprit.index): hazard.rule.id for hazard in result.placement.hazards}
    assert culprits
    assert {node: entry["value"].split()[0] for node, entry in files[NodeQuantity.HAZARD].items()} == culprits
    colors = {node: entry["bgColor"] for node, entry in files[NodeQuantity.ALL].items()}
    assert {colors[node] for node in culprits} & {colors[node] for node in set(colors) - set(culprits)} == set()


def test_the_option_writes_a_file_for_each_quantity(tmp_path: Path) -> None:
    model = str(find_model("micro/pad_asym_conv.tflite"))
    everything, times = tmp_path / "a=b.json", tmp_path / "times.json"
    options = ["--model-explorer", str(everything), "--model-explorer", f"time={times}"]
    done = CliRunner().invoke(group, ["check", model, "-t", _TEFLON, *options])
    assert done.exit_code == 0, done.output
    assert json.loads(everything.read_text())["main"]["results"]["0"]["value"].startswith("NPU, partition 0; ")
    assert json.loads(times.read_text())["main"]["gradient"][0]["stop"] == 0
    refused = CliRunner().invoke(group, ["check", model, "-t", _TEFLON, "-t", "imx93/vela", *options])
    assert isinstance(refused.exception, npufit.InputError)
    assert "Give a single -t" in str(refused.exception)
