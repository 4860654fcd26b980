#!/bin/sh
# Fails if a generated file is not what its generator makes now, or a schema that was published cannot be read any more.
set -u
cd "$(dirname "$0")/.."
code=0
python tools/generate_reference.py --check || code=1
python tools/generate_schemas.py --check || code=1
python -m tools.schema_versions || code=1
python tools/api_reference.py --check || code=1
exit $code
