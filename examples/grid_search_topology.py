"""
How much topology?
==================

`lambda_topo` weighs the topology term of the classifier's objective. Like any
hyper-parameter it is chosen by a grid search, with the specimens kept apart.

With ``lambda_topo=0`` the classifier is a plain network. With a positive weight a
generator is trained beside it, whose reconstructions must have the soft Betti numbers
of the images.

.. image:: /images/grid_search.png
   :alt: Accuracy of the folds at four weights of topology
"""

# sphinx_gallery_thumbnail_path = "images/grid_search.png"

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, GroupKFold

from morphokeras import MicrostructureClassifier
from morphokeras.datasets import make_phase_field

# %%
# Twelve "specimens" of phase fields with two compositions, eight images of each.

X, y = make_phase_field(
    96, shape=(32, 32), composition={"lean": 0.4, "rich": 0.5}, random_state=0
)
noise = np.random.default_rng(0).normal(0, 0.2, X.shape)
X = np.clip(X + noise, 0, 1).astype("float32")
specimen = np.arange(len(X)) // 8

# %%
# A network of a quarter of the usual width, for a short while: a few minutes on a CPU.

search = GridSearchCV(
    MicrostructureClassifier(filters=8, epochs=25, boundary="periodic", random_state=0),
    {"lambda_topo": [0, 0.1, 0.5, 1.0]},
    cv=GroupKFold(3),
)
search.fit(X, y, groups=specimen)

# %%
# Differences below the scatter of the folds say nothing.

results = search.cv_results_
for weight, mean, deviation in zip(
    results["param_lambda_topo"],
    results["mean_test_score"],
    results["std_test_score"],
    strict=True,
):
    print(f"lambda_topo = {weight}: {mean:.1%} +- {deviation:.1%}")
print("chosen:", search.best_params_)

figure, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
positions = range(len(results["mean_test_score"]))
ax.errorbar(
    positions, results["mean_test_score"], results["std_test_score"], fmt="o", capsize=4
)
ax.set_xticks(positions, [str(w) for w in results["param_lambda_topo"]])
ax.set(xlabel="weight of topology", ylabel="accuracy, mean and deviation of folds")
plt.show()
