"""What the layers cost beside Keras' own, forward and backward.

``python benchmarks/layers.py`` runs once for each installed backend, in a process of
its own with one thread; ``--quick`` leaves out the largest images. Times are CPU
times, and ratios are taken round by round.
"""

import argparse
import importlib.util
import os
import subprocess
import sys

BACKENDS = ("tensorflow", "jax", "torch")
BATCH, CHANNELS, KERNEL_SIZE = 4, 16, 5
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="64 and 128 pixels only")
    parser.add_argument("--backend", choices=BACKENDS, help="this backend only")
    parser.add_argument("--only", choices=list(BENCHMARKS), help="this layer only")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        sizes = (64, 128) if options.quick else (64, 128, 256)
        _run_backend(sizes, options.only)
        return
    for backend in [options.backend] if options.backend else BACKENDS:
        if importlib.util.find_spec(backend):
            _run_in_process(backend)


def _run_in_process(backend):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    settings = {**os.environ, **ONE_THREAD, "KERAS_BACKEND": backend}
    subprocess.run(
        [sys.executable, __file__, *sys.argv[1:], "--here"],
        env={**settings, "PYTHONPATH": path},
        check=True,
    )


def _run_backend(sizes, only):
    import keras

    print(f"\n=== {keras.backend.backend()}, keras {keras.__version__}, one thread ===")
    for name, benchmark in BENCHMARKS.items():
        if only in (None, name):
            for size in sizes:
                benchmark(size)


def _convolutions(size):
    import keras

    from morphokeras.layers.steerable_conv import SteerableConv

    layers = {
        "Conv2D": keras.layers.Conv2D(CHANNELS, KERNEL_SIZE, padding="same"),
        "SteerableConv zero": SteerableConv(CHANNELS, KERNEL_SIZE, boundary="zero"),
        "SteerableConv periodic": SteerableConv(
            CHANNELS, KERNEL_SIZE, boundary="periodic"
        ),
        "SteerableConv symmetric": SteerableConv(CHANNELS, KERNEL_SIZE),
        "SteerableConv zero, energy budget": SteerableConv(
            CHANNELS, KERNEL_SIZE, boundary="zero", energy_budget=1.0
        ),
    }
    image = _noise(BATCH, size, size, CHANNELS)
    _compare(
        f"Convolution {KERNEL_SIZE} x {KERNEL_SIZE}, {BATCH} x {size} x {size} x "
        f"{CHANNELS}",
        {name: _layer_step(layer, image) for name, layer in layers.items()},
        {"SteerableConv zero": 1.10},
    )


def _upsamplings(size):
    # a picture has few channels, features many
    for channels in (1, 4, CHANNELS):
        _compare_upsamplings(size, channels)


def _compare_upsamplings(size, channels):
    import keras

    from morphokeras.layers.spectral_upsample import SpectralUpsample

    layers = {
        "UpSampling2D bilinear": keras.layers.UpSampling2D(2, interpolation="bilinear"),
        "SpectralUpsample symmetric": SpectralUpsample(2),
        "SpectralUpsample periodic": SpectralUpsample(2, boundary="periodic"),
        "SpectralUpsample fft": SpectralUpsample(2, boundary="periodic", method="fft"),
    }
    image = _noise(BATCH, size // 2, size // 2, channels)
    _compare(
        f"Upsampling to {BATCH} x {size} x {size} x {channels}",
        {name: _layer_step(layer, image) for name, layer in layers.items()},
        {"SpectralUpsample symmetric": 1.7, "SpectralUpsample periodic": 1.7},
    )


def _warps(size):
    for channels in (1, 4):
        _compare_warps(size, channels)


def _compare_warps(size, channels):
    """Compare the resampling alone, then the layer whole with its convolutions.

    Both sides of the first comparison take the gradient with respect to the image and
    to the coordinates. TensorFlow also runs compiled by XLA, as JAX always does.
    """
    import keras

    from morphokeras.layers.latent_warp import LatentWarp
    from morphokeras.ops.warp import warp

    image = _noise(BATCH, size, size, channels)
    displacement = 4 * _noise(BATCH, size, size, 2) - 2
    functions = {
        "warp clamped": lambda x, d: warp(x, d, "zero"),
        "warp periodic": lambda x, d: warp(x, d, "periodic"),
        "ops.image.map_coordinates": _map_coordinates,
    }
    if keras.backend.backend() == "torch":
        functions["torch grid_sample"] = _grid_sample
    arrays = [image, displacement]
    steps = {name: _step(call, arrays, []) for name, call in functions.items()}
    title = f"Warp of {BATCH} x {size} x {size} x {channels}"
    reference, target = "ops.image.map_coordinates", {"warp clamped": 1 / 3}
    _compare(title, steps, target, reference)
    if keras.backend.backend() == "tensorflow":
        steps = {
            name: _tensorflow_step(call, arrays, [], jit_compile=True)
            for name, call in functions.items()
        }
        _compare(f"{title}, compiled by XLA", steps, target, reference)
    if "torch grid_sample" in steps:
        native = {name: steps[name] for name in ("torch grid_sample", "warp clamped")}
        _compare(title, native, {"warp clamped": 1.5})
    layers = {
        "Conv2D 3 x 3": keras.layers.Conv2D(16, 3, padding="same"),
        "LatentWarp": LatentWarp(filters=16, kernel_size=3),
    }
    steps = {name: _layer_step(layer, image) for name, layer in layers.items()}
    _compare(f"LatentWarp of {BATCH} x {size} x {size} x {channels}", steps, {})


def _map_coordinates(x, displacement):
    """Warp with the function of Keras, which knows no batch and no channels."""
    from keras import ops

    rows, columns = x.shape[1:3]
    grid = ops.stack(
        ops.meshgrid(ops.arange(rows), ops.arange(columns), indexing="ij"), axis=-1
    )
    coordinates = ops.cast(grid, "float32") + displacement
    warped = [
        [
            ops.image.map_coordinates(
                x[sample, :, :, channel],
                ops.moveaxis(coordinates[sample], -1, 0),
                order=1,
                fill_mode="nearest",
            )
            for channel in range(x.shape[3])
        ]
        for sample in range(x.shape[0])
    ]
    return ops.stack([ops.stack(channels, axis=-1) for channels in warped])


def _grid_sample(x, displacement):
    import torch

    rows, columns = x.shape[1:3]
    row, column = torch.meshgrid(
        torch.arange(rows), torch.arange(columns), indexing="ij"
    )
    places = torch.stack(
        [
            (column + displacement[..., 1]) * 2 / (columns - 1) - 1,
            (row + displacement[..., 0]) * 2 / (rows - 1) - 1,
        ],
        dim=-1,
    )
    return torch.nn.functional.grid_sample(
        x.permute(0, 3, 1, 2), places, padding_mode="border", align_corners=True
    )


def _normalisations(size):
    from functools import partial

    import keras

    from morphokeras.layers._batch_norm import BatchNorm

    layers = {
        "BatchNormalization": keras.layers.BatchNormalization(),
        "BatchNorm": BatchNorm(),
    }
    maps = _noise(BATCH, size, size, CHANNELS)
    for layer in layers.values():
        layer.build(maps.shape)
    _compare(
        f"Batch normalisation of {BATCH} x {size} x {size} x {CHANNELS}",
        {
            name: _step(
                partial(layer, training=True), [maps], layer.trainable_variables
            )
            for name, layer in layers.items()
        },
        {"BatchNorm": 1.1},
    )


def _noise(*shape):
    import numpy as np

    return np.random.default_rng(0).uniform(size=shape).astype("float32")


def _compare(title, steps, targets, reference=None):
    from benchmarks._timing import print_ratios, time_interleaved

    print_ratios(
        title, time_interleaved(steps), reference or next(iter(steps)), targets
    )


def _layer_step(layer, image):
    layer.build(image.shape)
    return _step(layer, [image], layer.trainable_variables)


def _step(function, arrays, variables):
    """Return a function that computes the value and all gradients once."""
    import keras

    make = {"tensorflow": _tensorflow_step, "jax": _jax_step, "torch": _torch_step}
    return make[keras.backend.backend()](function, arrays, variables)


def _tensorflow_step(function, arrays, variables, jit_compile=False):
    import tensorflow as tf

    tensors = [tf.convert_to_tensor(array) for array in arrays]
    values = [variable.value for variable in variables]

    @tf.function(jit_compile=jit_compile)
    def step(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            loss = tf.reduce_mean(tf.square(function(*tensors)))
        return tape.gradient(loss, [*tensors, *values])

    return lambda: [
        tf.convert_to_tensor(gradient).numpy() for gradient in step(*tensors)
    ]


def _jax_step(function, arrays, variables):
    import jax
    import jax.numpy as jnp
    import keras

    def loss(tensors, values):
        pairs = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=pairs):
            return jnp.mean(jnp.square(function(*tensors)))

    step = jax.jit(jax.grad(loss, argnums=(0, 1)))
    tensors = [jnp.asarray(array) for array in arrays]
    values = [variable.value for variable in variables]
    return lambda: jax.block_until_ready(step(tensors, values))


def _torch_step(function, arrays, variables):
    import torch

    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    sources = [*tensors, *(variable.value for variable in variables)]
    return lambda: torch.autograd.grad(
        torch.mean(torch.square(function(*tensors))), sources, allow_unused=True
    )


BENCHMARKS = {
    "conv": _convolutions,
    "norm": _normalisations,
    "upsample": _upsamplings,
    "warp": _warps,
}

if __name__ == "__main__":
    main()
