#!/usr/bin/env bash
# Writes build/sbom/<service>.cdx.json: a CycloneDX bill of materials of the Python packages in each service's image, from
# requirements.lock. What the base image brings along (Debian, Python) is not in it: ask its vendor's.
set -euo pipefail
uv=.venv/bin/uv out=build/sbom
mkdir -p "$out"
sed -E '/--hash=/d; s/ \\$//' requirements.lock >"$out/versions.txt" # uv takes constraints without hashes
for service in $(.venv/bin/python -c 'from shared.services import suite_of; print(*suite_of(optional=True))'); do
  "$uv" pip compile --quiet --python-version 3.13 --no-annotate --no-header --generate-hashes \
    --group "pyproject.toml:$service" -c "$out/versions.txt" -o "$out/$service.lock"
  "$uv" tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements "$out/$service.lock" \
    --of JSON --output-reproducible -o "$out/$service.cdx.json"
  echo "$out/$service.cdx.json"
done
