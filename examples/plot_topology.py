"""
See what topology counts
========================

Persistent homology follows a threshold through the grey values of an image. Components
and holes appear at one pixel and vanish at another; how long they last tells structure
from noise. This page shows what is counted, on simulated spinodal structures of two
ages, with the noise of a camera. It needs no Keras backend.
"""

import matplotlib.pyplot as plt
import numpy as np

from morphokeras.datasets import make_phase_field
from morphokeras.plots import (
    BettiCurveDisplay,
    PersistenceDiagramDisplay,
    PersistentPairsDisplay,
)
from morphokeras.topology import (
    betti_numbers,
    persistence_diagram,
    wasserstein_distance,
)

X, y = make_phase_field(
    24, shape=(64, 64), time={"young": 20.0, "old": 100.0}, random_state=0
)
X = X + np.random.default_rng(0).normal(0, 0.05, X.shape)
young, old = X[y == "young"], X[y == "old"]

# %%
# At one threshold, what is counted hangs on the threshold: away from the middle of the
# grey values most "components" are specks of noise, and most "holes" pinholes.

for threshold in (0.2, 0.5, 0.9):
    counts = betti_numbers(young[:1], threshold=threshold, boundary="periodic")[0]
    print(f"threshold {threshold}: {counts[0]:3} components, {counts[1]:3} holes")

# %%
# What persists is what one would count by eye. A full mark stands where a component or
# a hole is born while the threshold falls, an empty one where it dies: at the bridge to
# an older component, or at the darkest pixel of the hole. The fields are periodic, so a
# line may leave at one side and come back at the other.
#
# In the diagram each of them is a point. The noise lies along the diagonal.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
PersistentPairsDisplay.from_image(
    young[0], min_persistence=0.35, boundary="periodic", ax=left
)
PersistenceDiagramDisplay.from_image(young[0], boundary="periodic", ax=right)
plt.show()

# %%
# Betti curves count at every threshold. In the middle of the grey values, away from the
# noise within each phase, both numbers fall as the structure coarsens.

BettiCurveDisplay.from_fields(
    {"young": young, "old": old},
    levels=np.linspace(0.25, 0.75, 101),
    boundary="periodic",
)
plt.show()

# %%
# The Wasserstein distance says how far apart two diagrams are. Fields of different age
# are farther apart than fields of one age.

diagrams = {
    age: persistence_diagram(fields, boundary="periodic", min_persistence=0.5)
    for age, fields in (("young", young), ("old", old))
}
for a, b in (("young", "young"), ("old", "old"), ("young", "old")):
    pairs = zip(diagrams[a][:-1], diagrams[b][1:], strict=True)
    mean = np.mean([wasserstein_distance(one, other) for one, other in pairs])
    print(f"{a:>6} to {b:<6} {mean:.2f}")
