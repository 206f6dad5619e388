"""Tools that others wrote for source maps, as the judge of ours: one Node process answers a list of questions."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.packages import Package, Unavailable, fetch

_KEEP = ("dist/", "package.json")
_PACKAGES = (
    Package(
        "@jridgewell/trace-mapping", "0.3.31", "c64c71a119630d5abe8246889edf334b2ca9ddad094e20d623332956b1453ccf", _KEEP
    ),
    Package(
        "@jridgewell/sourcemap-codec",
        "1.6.0",
        "f30a35f6af8c347d01b8ff2f8662272f7d986cf21b916704d86c249a90b97e25",
        _KEEP,
    ),
    Package(
        "@jridgewell/resolve-uri", "3.1.3", "09e2fd7a6d33bac00b0f2d8a40701c941fcc25c968be108568650f6a06b8fb22", _KEEP
    ),
    Package(
        "@jridgewell/gen-mapping", "0.3.13", "bc16f658c1f6d63e0c8738ab881d03f49f1955d8f853cdcb8f7d315cf62f0082", _KEEP
    ),
    Package(
        "@jridgewell/remapping", "2.3.5", "70b16782a39ad16672e47c33473559a25bff9640214df91cb9dd153005d71a02", _KEEP
    ),
)
_PROGRAM = """
const trace = require("@jridgewell/trace-mapping");
const remapping = require("@jridgewell/remapping");
const at = (map, [line, column]) => {
  const found = trace.originalPositionFor(map, {line: line + 1, column});
  return found.source === null ? null : [found.source, found.line - 1, found.column, found.name];
};
const places = (map) => trace.decodedMappings(map).flatMap((line, index) => line.map(([column]) => [index, column]));
const answers = {
  lookup: ({map, positions}) => {
    const tracer = new trace.TraceMap(map);
    return positions.map((position) => at(tracer, position));
  },
  // Where `ours` and remapping's own composition give other answers, and how many places were looked up.
  compose: ({outer, inner, name, ours}) => {
    const theirs = remapping(outer, (file, {depth}) => (depth === 1 && file === name ? inner : null));
    const [expected, found] = [new trace.TraceMap(theirs), new trace.TraceMap(ours)];
    const all = [expected, found, new trace.TraceMap(outer)].flatMap(places);
    const positions = all.flatMap(([line, column]) => [[line, column], [line, column + 1]]);
    const differences = positions
      .map((position) => [position, at(expected, position), at(found, position)])
      .filter(([, one, other]) => JSON.stringify(one) !== JSON.stringify(other));
    return {
      count: positions.length,
      differences,
      sources: expected.sources.map((source) => [
        source, trace.sourceContentFor(expected, source), trace.isIgnored(expected, source),
      ]),
    };
  },
};
const questions = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(questions.map(([kind, question]) => answers[kind](question))));
"""


@dataclass(frozen=True, slots=True)
class Oracle:
    """`directory` holds a node_modules with the tools."""

    node: str
    directory: Path

    def answers(self, questions: Sequence[tuple[str, dict[str, Any]]]) -> list[Any]:
        done = subprocess.run(
            [self.node, "-e", _PROGRAM],
            cwd=self.directory,
            input=json.dumps(questions),
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout)
        assert len(answers) == len(questions)
        return list(answers)


def oracle(directory: Path) -> Oracle:
    """Raises Unavailable."""
    node = shutil.which("node")
    if not node:
        raise Unavailable("Node is not installed")
    for package in _PACKAGES:
        shutil.copytree(fetch(package), directory / "node_modules" / package.name)
    return Oracle(node, directory)
