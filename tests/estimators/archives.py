"""What is inside a file of an estimator."""

import io
import zipfile


def members_of(source):
    with zipfile.ZipFile(source) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def network_of(path):
    return members_of(io.BytesIO(members_of(path)["model.keras"]))
