# Build: docker build --tag tijdwinst .
# Run:   docker run --env-file .env --volume tijdwinst:/data tijdwinst
FROM python:3.11-slim AS build
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 bot && install --directory --owner bot --group bot --mode 700 /data
COPY --from=build /venv /venv
WORKDIR /app
COPY bot bot
COPY prompts prompts
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data HOST=0.0.0.0 PORT=3000
USER bot
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=3s --start-period=15s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\") or 3000}/healthz', timeout=2)"]
CMD ["python", "-m", "bot"]
