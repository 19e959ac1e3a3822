import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleServer } from './build/bundle.ts'
import { buildPortal } from './build/portal.ts'
import { ROOT } from './check/run.ts'

/**
 * `npm run build`: makes server/dist, which together with server/bin is what the package `portolan`
 * consists of.
 *
 *     dist/*.js           the program, bundled; it starts with main.js, a thread with chart-thread.js or put-thread.js
 *     dist/migrations/    the SQL that it brings a database up to date with
 *     dist/portal/        the built portal, served at /
 *     dist/devcenter/     what of Swagger UI is served at /devcenter
 */
const dist = join(ROOT, 'server/dist')

await rm(dist, { recursive: true, force: true })
await buildPortal()
await bundleServer(dist)
await cp(join(ROOT, 'server/src/platform/db/migrations'), join(dist, 'migrations'), { recursive: true })
await cp(join(ROOT, 'portal/dist'), join(dist, 'portal'), { recursive: true })
for (const name of [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-bundle.js.LICENSE.txt',
  'LICENSE',
  'NOTICE',
]) {
  await cp(join(ROOT, 'node_modules/swagger-ui-dist', name), join(dist, 'devcenter', name))
}
await cp(join(ROOT, 'LICENSE'), join(ROOT, 'server/LICENSE'))
