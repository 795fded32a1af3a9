#!/bin/sh
# Run the suite in an environment on each backend: tests/run_all.sh ENV "BACKEND..."
# What is behind them goes to pytest.
# What does not depend on the backend runs with TensorFlow only.
set -eu
env=$1
backends=$2
shift 2
# JAX compiles what a former test has compiled only once.
export JAX_COMPILATION_CACHE_DIR="$env/cache-jax"
export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0.1
for backend in $backends; do
    selection="not backend_free and not one_backend"
    test "$backend" != tensorflow || selection=""
    echo "== $env, $backend"
    KERAS_BACKEND=$backend "$env/bin/python" -m pytest -q \
        -n 2 --dist worksteal -m "$selection" "$@"
done
