# One image for front, web, worker and beat; the command says which. Runs as nobody, writes only to /tmp (and /backups).
FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 VAR_DIR=/var/lib/portal XDG_CACHE_HOME=/tmp
WORKDIR /srv/portal
# What weasyprint prints certificates with, what prints documents, Chinese fonts to embed in them, what backups are made
# with, what stands before the web processes.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 libreoffice-writer fonts-noto-cjk fontconfig \
    postgresql-client-15 nginx-light \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN useradd --system --uid 10001 --user-group --home /var/lib/portal portal \
    && install -d -o portal -g portal /var/lib/portal /backups \
    && SECRET_KEY=only-to-collect python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q config schools indicators evaluation reports \
    && chown -R portal:portal /var/lib/portal
USER 10001:10001
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi", "--bind", "0.0.0.0:8000"]
