"""The app's own settings, over a data folder of the test run."""

import os
import tempfile
from pathlib import Path

_folder = Path(tempfile.mkdtemp(prefix="maskroom-tests-"))
os.environ.setdefault("DATA_DIR", str(_folder))
os.environ.setdefault("BROKER_URL", "memory://")
os.environ.setdefault("SECRET_KEY", "only for tests")
for name in ("OPENAI_API_KEY", "PROVIDER_API_KEY", "PROVIDER_BASE_URL", "PORT", "STORAGE_URL"):
    os.environ.pop(name, None)

from editor.settings import *  # noqa: E402, F403
from editor.settings import DATA_DIR, DATABASES, SQLITE, STATIC_ROOT, STORAGES  # noqa: E402

if SQLITE:
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
SECURE_SSL_REDIRECT = False
STATIC_ROOT.mkdir(exist_ok=True)
WORKER_THREADS = 8
