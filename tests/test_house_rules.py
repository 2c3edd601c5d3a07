"""What must hold of the project as a whole: layers, migrations, static files, deployment, settings, words."""

import ast
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.conf import settings as django_settings
from django.core.management import call_command
from rjsmin import jsmin

from editor.celery_app import app
from editor.jobs.run import run
from editor.models import Status
from editor.storage import PAGE, WORKER

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "editor").rglob("*.py"))


def tracked() -> list[Path]:
    """The files of the project, without what was made from them."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
        return [path for path in paths if path.is_file()]
    made = {".venv", "var", "node_modules", "__pycache__"}
    return [p for p in ROOT.rglob("*") if p.is_file() and not made & set(p.parts)]


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call in our source, with where it is."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


# --- code ---------------------------------------------------------------------------------------


def test_imports_go_down_only():
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_importing_the_package_starts_neither_django_nor_celery():
    script = "import sys, editor; sys.exit(any(m in sys.modules for m in ('django', 'celery')))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0


# --- static files -------------------------------------------------------------------------------

IMPORT = re.compile(
    r"""(?:^|;)\s*(?:import|export)\b[^"';]*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE
)


@pytest.fixture
def collected(settings, tmp_path):
    """All static files as a real start collects them, and their names by the manifest."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = {
        **django_settings.STORAGES,
        "staticfiles": {"BACKEND": "editor.storage.StaticStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    manifest = json.loads((settings.STATIC_ROOT / "staticfiles.json").read_text())
    return settings.STATIC_ROOT, manifest["paths"]


def test_our_modules_import_each_other_by_hashed_names(collected):
    folder, paths = collected
    hashed = set(paths.values())
    ours = {name for name in paths if re.fullmatch(r"editor/[^/]+\.js", name)}
    ours -= {f"editor/{PAGE}", f"editor/{WORKER}"}  # all that they import is in them
    assert len(ours) > 5
    imports = 0
    for name in ours:
        source = jsmin((ROOT / "static" / name).read_text())  # comments name modules too
        found = IMPORT.findall((folder / paths[name]).read_text())
        assert len(found) == len(IMPORT.findall(source)), name
        for imported in found:
            target = (Path(paths[name]).parent / imported).as_posix()
            assert target in hashed, f"{name} imports {imported}"
            assert target != name
            imports += 1
    assert imports > 5


def test_every_static_file_of_ours_has_a_hashed_name_that_is_there(collected):
    folder, paths = collected
    for path in (ROOT / "static").rglob("*"):
        if path.is_file():
            name = path.relative_to(ROOT / "static").as_posix()
            assert re.search(r"\.[0-9a-f]{12}\.", paths[name]), name
            assert (folder / paths[name]).is_file()


def test_our_scripts_and_sheets_are_served_without_comments_and_small(collected):
    folder, paths = collected
    for name in ("editor/mask.js", "editor/studio.css"):
        written, served = (ROOT / "static" / name).read_text(), folder / paths[name]
        assert "/*" in written
        assert "/*" not in served.read_text()
        packed = served.with_name(f"{served.name}.br").stat().st_size
        assert 200 < packed < len(written) / 4


# --- deployment ---------------------------------------------------------------------------------


@pytest.fixture
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_compose_runs_every_part_with_a_health_check_and_a_restart_policy(compose):
    services = compose["services"]
    parts = {"web", "worker", "sweeper", "postgres", "redis"}
    assert parts <= set(services)
    for name in parts:
        assert services[name]["restart"] in ("unless-stopped", "always"), name
        assert services[name]["healthcheck"]["test"], name
    for name in ("web", "worker", "sweeper"):
        mounted = {volume.split(":")[0] for volume in services[name]["volumes"]}
        assert mounted & set(compose["volumes"]), name
        needs = services[name]["depends_on"]
        assert needs["postgres"]["condition"] == needs["redis"]["condition"] == "service_healthy"
    for name in ("postgres", "redis"):
        assert services[name]["volumes"], name
        assert "ports" not in services[name], f"{name} is nobody's business outside"


def test_compose_keeps_the_brokers_messages_and_throws_none_away(compose):
    command = " ".join(compose["services"]["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_compose_has_no_secret_of_its_own(compose):
    secret = re.compile(r"SECRET|PASSWORD|API_KEY|ACCESS_KEY")
    seen = set()
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if secret.search(name):
                seen.add(name)
                assert re.fullmatch(r"\$\{\w+(:\?[^}]*|:-)\}", str(value)), f"{name}: {value}"
            if name == "DATABASE_URL":
                assert "${POSTGRES_PASSWORD:?" in value
    assert {"SECRET_KEY", "POSTGRES_PASSWORD", "PROVIDER_API_KEY"} <= seen


def test_a_worker_has_time_to_end_its_calls_before_it_is_killed(compose):
    minutes = int(compose["services"]["worker"]["stop_grace_period"].removesuffix("m"))
    assert minutes * 60 > django_settings.CALL_DEADLINE_S


def test_the_image_runs_as_an_ordinary_user():
    users = re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_hashed_and_none_names_a_host(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "--index" not in text
    packages = re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip())
    packages = [package for package in packages if not package.startswith("#")]
    assert len(packages) > 20
    for package in packages:
        assert re.match(r"[A-Za-z0-9_.\[\]-]+==\S+", package), package
        assert "--hash=sha256:" in package, package


# --- money --------------------------------------------------------------------------------------


def test_celery_never_repeats_and_never_forgets_by_itself():
    conf = app.conf
    assert conf.task_acks_late is False
    assert conf.task_reject_on_worker_lost is False
    assert conf.worker_cancel_long_running_tasks_on_connection_loss is False
    assert conf.result_backend is None
    assert conf.task_ignore_result is True
    assert conf.worker_prefetch_multiplier == 1
    assert conf.worker_pool == "threads"
    assert conf.accept_content == ["json"]
    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if name.startswith("editor.")]
    assert len(ours) == 2
    for task in ours:
        assert task.acks_late is False
        assert not getattr(task, "autoretry_for", ())


def test_no_task_is_delayed_retried_or_acknowledged_late_anywhere():
    for where, call in calls():
        words = {keyword.arg: keyword.value for keyword in call.keywords}
        assert not {"countdown", "eta", "autoretry_for"} & set(words), where
        for name in ("acks_late", "task_acks_late"):
            if name in words:
                assert isinstance(words[name], ast.Constant), where
                assert words[name].value is False, where
        called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        assert called not in ("retry", "delay", "self_retry"), where
        if called == "apply_async":
            assert isinstance(words.get("retry"), ast.Constant), where
            assert words["retry"].value is False, where


def test_the_provider_is_called_at_one_place_alone():
    users = {
        where.rpartition(":")[0]
        for where, call in calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("send", "edit", "generate", "vary")
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "client"
    }
    assert users == {"editor/jobs/run.py"}


# --- words --------------------------------------------------------------------------------------

FOREIGN = re.compile(
    r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+|opt/\w+)/|py" + r"pi\.org|python" + r"hosted|npm" + r"js\.",
    re.IGNORECASE,
)  # fmt: skip
TEXT = {".py", ".toml", ".txt", ".md", ".yml", ".html", ".js", ".mjs", ".css", ".svg", ".po", ""}


def test_no_file_names_this_machine_or_a_registry():
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if path.suffix in TEXT
        for match in [FOREIGN.search(path.read_text(errors="replace"))]
        if match and path != Path(__file__)
    ]
    assert not found


def known_variables() -> set[str]:
    """What the code reads from its environment."""
    names = set()
    for path in [*SOURCES, ROOT / "docker-compose.yml"]:
        names |= set(re.findall(r"""["'{$]([A-Z][A-Z0-9_]{2,})\b""", path.read_text()))
    return names


def test_the_readme_names_the_two_commands_and_they_exist():
    readme = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for command in ("run", "test"):
        assert f"make {command}" in readme
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)
    for command in set(re.findall(r"manage\.py (\w+)", readme)):
        assert (ROOT / "editor/management/commands" / f"{command}.py").exists(), command


def test_every_variable_of_the_readme_is_read_and_the_main_ones_are_there():
    table = re.findall(r"^\|(.+?)\|", (ROOT / "README.md").read_text(), re.MULTILINE)
    documented = {name for cell in table for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}
    assert documented - known_variables() == set()
    main = "PORT DATA_DIR PROVIDER_BASE_URL PROVIDER_API_KEY DATABASE_URL BROKER_URL STORAGE_URL"
    assert set(main.split()) <= documented


def test_every_setting_that_is_read_is_documented():
    source = (ROOT / "editor/settings.py").read_text()
    read = set(re.findall(r'read\.\w+\(\s*"([A-Z][A-Z0-9_]+)"', source))
    readme = (ROOT / "README.md").read_text()
    # The image sets it for itself; nobody else needs to.
    assert {name for name in read - {"STATIC_ROOT"} if name not in readme} == set()


@pytest.mark.django_db(transaction=True)
def test_neither_prompts_nor_keys_are_in_the_log(canned, photo, make_edit, caplog):
    caplog.set_level(logging.INFO)
    edit = make_edit(photo, prompt="A very private wish")
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    assert f"edit {edit.pk} succeeded" in caplog.text
    assert "private wish" not in caplog.text
    assert "sk-canary" not in caplog.text
