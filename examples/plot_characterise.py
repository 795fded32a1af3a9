"""
Compare two alloys
==================

Two sets of micrographs, of two alloys, of a real and a simulated one, before and after
a heat treatment: in how far do they differ, and is that more than the scatter within
one of them? This page measures two simulated alloys of different age, draws what was
measured, and writes a report. It needs no Keras backend.
"""

from pathlib import Path

import matplotlib.pyplot as plt

import morphokeras
from morphokeras.datasets import make_phase_field
from morphokeras.metrics import compare
from morphokeras.plots import ChordLengthDisplay, SampleGridDisplay, TwoPointDisplay

UM_PER_PX = 0.25

X, y = make_phase_field(
    48,
    composition=0.4,
    time={"Alloy A": 60.0, "Alloy B": 120.0},
    random_state=0,
)
alloys = {name: X[y == name] for name in ("Alloy A", "Alloy B")}
for name, fields in alloys.items():
    print(f"{name}: {len(fields)} fields, phase fraction {fields.mean():.2f}")

# %%
# One table for the whole comparison. `value` is the distance of the two alloys, between
# `low` and `high`; `floor_high` is what two halves of alloy A rarely exceed. A distance
# above that cannot be put down to chance. One of the five is not above it: the sizes of
# the parts scatter so much that 24 fields are too few to tell the alloys apart by them.
#
# Fields of one specimen are alike: with real micrographs pass `groups=specimen`, so
# that intervals resample specimens and not fields.

table = compare(*alloys.values(), boundary="periodic", random_state=0)
print(table.drop(columns="convention").round(4).to_string())

# %%
# The alloys hold as much of the bright phase, and still their structures differ: alloy
# B is coarser. Its two-point correlation falls later and its chords are longer. Bands
# hold most fields of an alloy; where they part, a single field tells the alloys apart.

figure = plt.figure(figsize=(10, 6.4), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.05])
SampleGridDisplay.from_fields(alloys, n_columns=7, figure=top)
left, right = bottom.subplots(1, 2)
TwoPointDisplay.from_fields(alloys, boundary="periodic", um_per_px=UM_PER_PX, ax=left)
ChordLengthDisplay.from_fields(
    alloys, boundary="periodic", um_per_px=UM_PER_PX, ax=right
)
plt.show()

# %%
# The same for colleagues: one HTML file with table, figures, conventions and versions.

path = Path("outputs/alloys.html")
path.parent.mkdir(exist_ok=True)
morphokeras.report(
    *alloys.values(),
    path,
    names=tuple(alloys),
    um_per_px=UM_PER_PX,
    boundary="periodic",
)
print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
