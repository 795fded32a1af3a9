"""How long samples of a learned prior take.

    OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 python -m benchmarks.sampling

Seconds of CPU for 64 samples of 64 x 64 pixels, of a `MorphoTensorVAE` of the default
width: the first ones, for which TensorFlow and JAX compile, and others after them; and
the flow alone, compiled, beside the same operation by operation.
"""

import time

import numpy as np

from benchmarks._timing import print_ratios, time_interleaved
from morphokeras.models import MorphoTensorVAE

# isort: split
import keras

SAMPLES = 64
BATCH = 32


def main():
    rng = np.random.default_rng(0)
    model = MorphoTensorVAE(
        (64, 64, 1), field="phase", boundary="periodic", prior="flow"
    )
    model.adapt(rng.random((64, 64, 64, 1), "float32"))
    print(f"{SAMPLES} samples, Keras {keras.version()} on {keras.backend.backend()}")
    for name in ("first", "second", "third"):
        start = time.process_time()
        model.generate(SAMPLES, seed=0)
        print(f"  {name}: {time.process_time() - start:.1f} s")
    flow = model.latent_flow
    shapes = {
        "z_noise": (flow.latent_dim,),
        "field_noise": model.field_shape((64, 64)),
        "condition": (flow.condition_dim,),
    }
    noise = {
        name: rng.standard_normal((BATCH, *shape), "float32")
        for name, shape in shapes.items()
    }
    ways = {
        "operation by operation": lambda: keras.ops.convert_to_numpy(
            flow.sample(**noise)[1]
        ),
        "compiled": lambda: flow.predict_on_batch(noise),
    }
    times = time_interleaved(ways, rounds=5, budget=20)
    print_ratios(f"the flow, {BATCH} samples", times, "operation by operation")


if __name__ == "__main__":
    main()
