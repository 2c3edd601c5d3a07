# A small image that runs any part of Maskroom as an ordinary user: web, worker or sweeper.
FROM python:3.12-slim AS built
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 \
    HOST=0.0.0.0 PORT=8000 DATA_DIR=/data STATIC_ROOT=/app/staticfiles
RUN useradd --uid 10001 --home-dir /data --shell /usr/sbin/nologin maskroom \
    && install -d -o maskroom -g maskroom /data
WORKDIR /app
COPY --from=built /venv /venv
COPY manage.py LICENSE ./
COPY editor editor
COPY templates templates
COPY static static
COPY locale* locale
RUN DATA_DIR=/tmp/build SECRET_KEY=only-to-collect python manage.py collectstatic --noinput -v 0 \
    && rm -rf /tmp/build && python -m compileall -q editor
USER maskroom
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "editor.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "96", "--timeout", "120", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--access-logfile", "-"]
