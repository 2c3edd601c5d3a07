"""The only door to Pillow, numpy and OpenCV."""

import os

# numpy's matrix products wait for each other's threads in a busy loop: on a machine that is busy
# with other requests they took six times as long as on one thread. Read when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
