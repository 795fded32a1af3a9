#!/bin/sh
# Run the suite on three backends in each environment given: tests/run_all.sh ENV...
# What does not depend on the backend runs with the first one only.
set -eu
for env in "$@"; do
    # JAX compiles what a former test has compiled only once.
    export JAX_COMPILATION_CACHE_DIR="$env/cache-jax"
    export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0.1
    selection=""
    for backend in tensorflow jax torch; do
        echo "== $env, $backend"
        KERAS_BACKEND=$backend "$env/bin/python" -m pytest -q -n 2 -m "$selection"
        selection="not backend_free and not one_backend"
    done
done
