#!/bin/sh
# Make a fresh virtual environment: tests/make_venv.sh PYTHON FOLDER
# Debian packs `ensurepip` apart from Python; without it pip is put in from outside.
set -eu
python=$1
folder=$2
if [ -z "$python" ]; then
    echo "morphokeras needs Python 3.11 or 3.12: none was found." >&2
    echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi
rm -rf "$folder"
if ! "$python" -m venv "$folder" >/dev/null 2>&1; then
    rm -rf "$folder"
    "$python" -m venv --without-pip "$folder"
    "$python" -m pip --python "$folder/bin/python" install -q pip
fi
"$folder/bin/python" -m pip install -q --upgrade pip
