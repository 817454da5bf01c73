#!/usr/bin/env bash
# stage-context.sh DIRECTORY: the context of infra/Dockerfile with the production dependencies already inside, taken
# from the packages that this machine has installed. A build from it fetches nothing.
set -euo pipefail

context=$1
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$context"
"$checkout/node_modules/.bin/node" "$checkout/services/console/page/build.ts"

# What .dockerignore lets through; that file itself stays behind, because it keeps node_modules out.
tar -C "$checkout" --exclude=node_modules --exclude='*.test.ts' --exclude='packages/*/test' --exclude='services/*/test' \
  --exclude=infra/ci --exclude=infra/start --exclude=infra/test --exclude=packages/test-kit \
  -c package.json pnpm-lock.yaml pnpm-workspace.yaml tsconfig.json infra packages services | tar -C "$context" -x

cd "$context"
npx -y "$(grep -o 'pnpm@[0-9.]*' infra/bootstrap.mjs)" install --prod --frozen-lockfile --offline \
  --filter-prod '@curfew/*-service...' --filter-prod '@curfew/infra...' </dev/null
