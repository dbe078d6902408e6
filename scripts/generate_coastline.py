"""Writes backend/drawings/coastline.json, the land that maps are drawn on, from the npm package `world-atlas`.

Usage: npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
       .venv/bin/python scripts/generate_coastline.py package/land-110m.json
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from math import hypot
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "backend/drawings/coastline.json"
TOLERANCE = 0.12
"""Degrees: a point that is nearer to the line between its neighbours is left out."""
LEAST_SPAN = 0.8
"""Degrees: smaller islands are left out."""
UNITS_PER_DEGREE = 10

Point = tuple[float, float]
Ring = list[Point]


def rings_of(topology: Any) -> Iterator[Ring]:
    """The outer and inner rings of all land, in degrees, with longitudes that run on over 180."""
    scale_x, scale_y = topology["transform"]["scale"]
    move_x, move_y = topology["transform"]["translate"]
    arcs: list[Ring] = []
    for arc in topology["arcs"]:
        xs = accumulate(step[0] for step in arc)
        ys = accumulate(step[1] for step in arc)
        arcs.append([(x * scale_x + move_x, y * scale_y + move_y) for x, y in zip(xs, ys, strict=True)])
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in polygons:
            for indexes in polygon:
                yield _closed(_unwrapped(_joined(arcs, indexes)))


def _joined(arcs: Sequence[Ring], indexes: Sequence[int]) -> Ring:
    ring: Ring = []
    for index in indexes:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring.extend(arc[1:] if ring else arc)
    return ring


def _unwrapped(ring: Ring) -> Ring:
    found = [ring[0]]
    for (before, _), (x, y) in pairwise(ring):
        step = (x - before + 180.0) % 360.0 - 180.0
        found.append((found[-1][0] + step, y))
    return found


def _closed(ring: Ring) -> Ring:
    """Land around a pole ends where it began, once around the earth: closed along the pole."""
    (first_x, _), (last_x, last_y) = ring[0], ring[-1]
    if abs(last_x - first_x) < 180.0:
        return ring
    pole = -90.0 if last_y < 0 else 90.0
    return [*ring, (last_x, pole), (first_x, pole), ring[0]]


def simplified(ring: Ring) -> Ring:
    """The ring by the algorithm of Douglas and Peucker, in two halves: its ends are one point."""
    middle = len(ring) // 2
    return [*_simplified(ring[: middle + 1])[:-1], *_simplified(ring[middle:])]


def _simplified(line: Ring) -> Ring:
    if len(line) < 3:
        return line
    (ax, ay), (bx, by) = line[0], line[-1]
    length = hypot(bx - ax, by - ay) or 1.0
    away = [abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length for x, y in line[1:-1]]
    farthest = max(range(len(away)), key=away.__getitem__)
    if away[farthest] <= TOLERANCE:
        return [line[0], line[-1]]
    return [*_simplified(line[: farthest + 2])[:-1], *_simplified(line[farthest + 1 :])]


def packed(ring: Ring) -> list[int]:
    """The first point in tenths of a degree, then the steps from one to the next; the last point is left out."""
    units = [(round(x * UNITS_PER_DEGREE), round(y * UNITS_PER_DEGREE)) for x, y in ring[:-1]]
    found = list(units[0])
    for (ax, ay), (bx, by) in pairwise(units):
        if (ax, ay) != (bx, by):
            found += [bx - ax, by - ay]
    return found


def spans_enough(ring: Ring) -> bool:
    """Whether it is seen on a map at all."""
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    return max(max(xs) - min(xs), max(ys) - min(ys)) >= LEAST_SPAN


def main() -> None:
    """Convert the file that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("land", type=Path, help="land-110m.json of the npm package world-atlas 2.0.2")
    topology = json.loads(parser.parse_args().land.read_text())
    rings = [packed(simplified(ring)) for ring in rings_of(topology) if spans_enough(ring)]
    lines = ",\n".join(json.dumps(ring, separators=(",", ":")) for ring in rings if len(ring) >= 6)
    head = {
        "source": "Natural Earth 1:110m land (naturalearthdata.com), by way of the npm package world-atlas 2.0.2",
        "licence": "Natural Earth is in the public domain; world-atlas is under the ISC licence, "
        "copyright 2013-2019 Michael Bostock",
        "made_by": "scripts/generate_coastline.py",
        "units_per_degree": UNITS_PER_DEGREE,
    }
    TARGET.write_text(f'{json.dumps(head, indent=1)[:-2]},\n "rings": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
