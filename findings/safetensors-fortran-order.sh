#!/usr/bin/env bash
# safetensors 0.8.0 saves the memory of a NumPy array as it lies, with the shape it has: an array in Fortran order, such as
# the transpose of a weight matrix, comes back with its entries in other places, without a word. Expected: the array.
# Seen: [[0. 1. 2.] [3. 4. 5.]] comes back as [[0. 3. 1.] [4. 2. 5.]].
source "$(dirname "$0")/run.sh"
install safetensors==0.8.0 numpy==2.4.6
expect <<'PYTHON'
import numpy as np
from safetensors.numpy import load, save

saved = np.asfortranarray(np.arange(6.0).reshape(2, 3))
loaded = load(save({"weight": saved}))["weight"]
print("saved ", saved.tolist())
print("loaded", loaded.tolist())
assert np.array_equal(load(save({"weight": np.ascontiguousarray(saved)}))["weight"], saved)
assert loaded.tolist() == [[0.0, 3.0, 1.0], [4.0, 2.0, 5.0]]
PYTHON
