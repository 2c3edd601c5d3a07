"""Start everything on this machine: what `make run` calls."""

import logging
import os
import socket
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError

from editor.management.first_sign_in import make_first_administrator
from editor.models import Link, Person


class Command(BaseCommand):
    help = "Migrate, make the first administrator, and run web, worker, sweeper and sandbox under a supervisor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--prepare-only", action="store_true", help="set up, and start nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        sandbox_port = self.ports()
        self.database()
        call_command("collectstatic", interactive=False, verbosity=0)
        link = self.first_administrator()
        if options["prepare_only"]:
            return
        self.hand_over(sandbox_port, link)

    def ports(self) -> int:
        """Refuse a taken port now, with a sentence, and choose one for the sandbox."""
        if not is_free(settings.HOST, settings.PORT):
            raise CommandError(
                f"port {settings.PORT} is taken. Stop what uses it, or choose another: PORT=8080 make run"
            )
        if not settings.PROVIDER_IS_SANDBOX:
            return 0
        wanted = settings.SANDBOX_PORT
        if wanted and not is_free("127.0.0.1", wanted):
            raise CommandError(
                f"SANDBOX_PORT {wanted} is taken. Choose another, or leave it unset."
            )
        return wanted or free_port(settings.PORT + 1)

    def database(self) -> None:
        # Its pool would say the same many times before the sentence below does.
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except (DatabaseError, OSError) as error:
            reason = (
                str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            )
            raise CommandError(f"the database can't be used: {reason}") from error

    def first_administrator(self) -> str:
        """The path of a one-time sign-in link when this is the first start, else nothing."""
        if Person.objects.exists():
            return ""
        admin, password = make_first_administrator("admin", Path(settings.DATA_DIR))
        self.stdout.write(f"First administrator: username {admin.username}, password {password}")
        return f"/enter/{Link.sign_in(admin)}/"

    def hand_over(self, sandbox_port: int, link: str) -> None:
        """Become the supervisor: Ctrl-C and signals then reach the one process that stops all others."""
        environment = {
            **os.environ,
            "DATA_DIR": str(settings.DATA_DIR),
            "DJANGO_SETTINGS_MODULE": "editor.settings",
            # Many threads with arenas of their own keep half a gigabyte that nobody uses.
            "MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", "2"),
        }
        if sandbox_port:
            environment["SANDBOX_PORT"] = str(sandbox_port)
        subprocess.Popen(
            [sys.executable, "-m", "editor.announcer", str(os.getpid()), address(), link],
            env=environment,
            cwd=settings.BASE_DIR,
            start_new_session=True,  # Ctrl-C is for the supervisor; this one sees that it is gone
        )
        os.chdir(settings.BASE_DIR)
        self.stdout.write("Starting …")
        self.stdout.flush()
        config = write_config(Path(settings.DATA_DIR), bool(sandbox_port))
        os.execve(  # noqa: S606
            sys.executable,
            [sys.executable, "-m", "supervisor.supervisord", "-n", "-s", "-c", str(config)],
            environment,
        )


def address() -> str:
    host = "127.0.0.1" if settings.HOST in ("0.0.0.0", "::") else settings.HOST  # noqa: S104
    return f"http://{host}:{settings.PORT}"


def is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(wanted: int) -> int:
    if wanted <= 65535 and is_free("127.0.0.1", wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_config(data: Path, with_sandbox: bool) -> Path:
    """The supervisor's configuration: each program is started again when it dies."""
    logs = data / "logs"
    logs.mkdir(exist_ok=True)
    python = sys.executable
    programs = {
        "web": (
            f"{python} -m gunicorn editor.wsgi --bind {settings.HOST}:{settings.PORT}"
            " --worker-class gthread --workers 1 --threads 96 --timeout 120 --graceful-timeout 10"
            " --no-control-socket --worker-tmp-dir /dev/shm --max-requests 20000 --max-requests-jitter 2000"
        ),
        "worker": f"{python} manage.py worker",
        "sweeper": f"{python} manage.py sweep",
    }
    if not Path("/dev/shm").is_dir():  # noqa: S108
        programs["web"] = programs["web"].replace(" --worker-tmp-dir /dev/shm", "")
    if with_sandbox:
        programs["sandbox"] = f"{python} manage.py sandbox"
    config = data / "supervisord.conf"
    config.write_text(
        "[supervisord]\n"
        f"pidfile={data / 'supervisord.pid'}\n"
        f"logfile={logs / 'supervisor.log'}\n"
        "logfile_maxbytes=1MB\nlogfile_backups=1\nloglevel=warn\n"
        f"directory={settings.BASE_DIR}\n"
        + (f"user={os.getuid()}\n" if os.getuid() == 0 else "")
        + "".join(_program(name, command, logs) for name, command in programs.items())
    )
    return config


def _program(name: str, command: str, logs: Path) -> str:
    wait = 60 if name == "worker" else 15
    return (
        f"\n[program:{name}]\ncommand={command.replace('%', '%%')}\n"
        "autostart=true\nautorestart=true\nstartsecs=1\nstartretries=1000000\n"
        f"stopsignal=TERM\nstopwaitsecs={wait}\nstopasgroup=false\nkillasgroup=true\n"
        f"redirect_stderr=true\nstdout_logfile={logs / name}.log\n"
        "stdout_logfile_maxbytes=5MB\nstdout_logfile_backups=2\n"
    )
