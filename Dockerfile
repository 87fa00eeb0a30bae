# One image for web and worker; the command says which. Runs as nobody, writes only to /var/lib/portal and /tmp.
FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 VAR_DIR=/var/lib/portal
WORKDIR /srv/portal
# What weasyprint prints certificates with, and Chinese fonts to embed in them.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk fontconfig && rm -rf /var/lib/apt/lists/*
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN useradd --system --home /var/lib/portal portal && install -d -o portal /var/lib/portal \
    && SECRET_KEY=only-to-collect python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R portal /var/lib/portal
USER portal
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "4"]
