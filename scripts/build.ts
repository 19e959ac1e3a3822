import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleServer } from './build/bundle.ts'
import { buildPortal } from './build/portal.ts'
import { ROOT } from './check/run.ts'

/**
 * `npm run build`: makes server/dist, which together with server/bin is what the package `portolan`
 * consists of.
 *
 *     dist/*.js           the program, bundled; it starts with main.js
 *     dist/migrations/    the SQL that it brings a database up to date with
 *     dist/portal/        the built portal, served at /
 */
const dist = join(ROOT, 'server/dist')

await rm(dist, { recursive: true, force: true })
await buildPortal()
await bundleServer(dist)
await cp(join(ROOT, 'server/src/platform/db/migrations'), join(dist, 'migrations'), { recursive: true })
await cp(join(ROOT, 'portal/dist'), join(dist, 'portal'), { recursive: true })
await cp(join(ROOT, 'LICENSE'), join(ROOT, 'server/LICENSE'))
