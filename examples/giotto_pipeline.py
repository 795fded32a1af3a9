"""
Beside giotto-tda in one pipeline
=================================

The codes of a generator and the topological features of giotto-tda describe a
microstructure from two sides. Here a feature union joins them before a logistic
regression, and cross-validation compares the union with each side alone.

giotto-tda is an optional dependency: ``pip install "morphokeras[giotto]"``.

.. image:: /images/giotto.png
   :alt: Accuracy of four folds with features of giotto-tda, codes, and both
"""

# sphinx_gallery_thumbnail_path = "images/giotto.png"

import matplotlib.pyplot as plt
import numpy as np
from gtda.diagrams import PersistenceEntropy, Scaler
from gtda.homology import CubicalPersistence
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from morphokeras import MicrostructureGenerator
from morphokeras.datasets import make_phase_field

# %%
# Phase fields of two ages. Noise as of a camera makes the task less than trivial.

X, y = make_phase_field(
    160, shape=(32, 32), time={"young": 20.0, "old": 160.0}, random_state=0
)
noise = np.random.default_rng(0).normal(0, 0.1, X.shape)
X = np.clip(X + noise, 0, 1).astype("float32")

# %%
# Two descriptions. giotto's diagrams become entropies; the generator's codes are the
# posterior means of a small autoencoder.

topology = make_pipeline(CubicalPersistence(n_jobs=1), Scaler(), PersistenceEntropy())
codes = MicrostructureGenerator(
    filters=8, epochs=20, boundary="periodic", codes="global", random_state=0
)

# %%
# Each of them alone, and both, before the same classifier.

cv = StratifiedKFold(4, shuffle=True, random_state=0)
scores = {}
for name, features in {
    "giotto-tda": topology,
    "codes": codes,
    "both": make_union(topology, codes),
}.items():
    pipeline = make_pipeline(features, StandardScaler(), LogisticRegression())
    scores[name] = cross_val_score(pipeline, X, y, cv=cv)
    print(f"{name:>10}: {scores[name].mean():.1%} +- {scores[name].std():.1%}")

# %%
# The points are the folds.

figure, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
for position, values in enumerate(scores.values()):
    ax.bar(position, values.mean(), color="#9ecae1")
    ax.scatter(np.full(len(values), position), values, color="k", s=12, zorder=3)
ax.set_xticks(range(len(scores)), scores)
ax.set(ylabel="accuracy", ylim=(0, 1.02), title="Two descriptions, alone and joined")
plt.show()
