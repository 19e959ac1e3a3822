import { SLICES } from './scripts/check/slices.ts'

/**
 * Who may import whom; `npm test -- --only imports` checks it. The words that may stand in a file are in
 * scripts/check/text-rules.ts.
 */
const anySlice = `^server/src/(${SLICES.join('|')})/`
const ours = '^(api|server|portal|tests|bench|scripts)/'
const inputOutput =
  '^(node:)?(fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|cluster|os|process|readline|repl|inspector)(/|$)'
const tests = '(\\.test\\.tsx?|\\.suite\\.ts|/testing(/.*|[^/]*\\.ts))$'

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

const sliceOrder = SLICES.slice(0, -1).map((slice, index) =>
  forbid(
    `slice-order-${slice}`,
    `${slice}/ may use the slices above it only; what it needs from below is passed in by app/compose.ts`,
    { path: `^server/src/${slice}/` },
    { path: `^server/src/(${SLICES.slice(index + 1).join('|')})/` },
  ),
)

export default {
  forbidden: [
    forbid('no-cycles', 'two files that need each other are one file, or three', {}, { circular: true }),
    forbid('resolvable', 'the import leads nowhere', {}, { couldNotResolve: true }),
    forbid(
      'nothing-imports-app',
      'app/ knows everybody, nobody knows app/',
      { path: ours, pathNot: '^server/src/(app/|main\\.ts$)' },
      { path: '^server/src/app/' },
    ),
    ...sliceOrder,
    forbid(
      'scrub-report-believes-nobody',
      'what checks store and database shares nothing with what writes them',
      { path: '^server/src/scrub/(report/|keys\\.ts$)', pathNot: tests },
      {
        path: [
          '^server/src/(?!scrub/|platform/db/|platform/errors|storage/(driver|errors)\\.ts$|lib/)',
          '^server/src/scrub/(?!report/|keys\\.ts$|pace\\.ts$|in-parallel\\.ts$|hash-object\\.ts$)',
        ],
      },
    ),
    forbid(
      'slices-know-no-registry',
      'the data plane uses the slices, not the other way round',
      { path: anySlice },
      { path: '^server/src/registry/' },
    ),
    forbid(
      'registry-below-views',
      'system is a read-only view above everything',
      { path: '^server/src/registry/' },
      { path: '^server/src/system/' },
    ),
    forbid(
      'lib-is-pure',
      'lib/ holds small pure helpers',
      { path: '^server/src/lib/' },
      { path: ours, pathNot: '^server/src/lib/' },
    ),
    forbid(
      'oci-is-pure',
      'oci/ is knowledge of the specifications; it may use lib/',
      { path: '^server/src/oci/' },
      { path: ours, pathNot: '^server/src/(oci|lib)/' },
    ),
    forbid(
      'pure-folders-do-no-io',
      'lib/ and oci/ neither open files nor sockets',
      { path: '^server/src/(lib|oci)/', pathNot: tests },
      { path: `(${inputOutput})|node_modules/(fastify|pg|kysely|pino|undici)/` },
    ),
    forbid(
      'storage-knows-no-slice',
      'storage/ keeps bytes under keys',
      { path: '^server/src/storage/' },
      { path: [anySlice, '^server/src/registry/'] },
    ),
    forbid(
      'platform-knows-no-domain',
      'platform/ is machinery without domain words',
      { path: '^server/src/platform/' },
      { path: [anySlice, '^server/src/(registry|storage|oci)/'] },
    ),
    forbid(
      'config-knows-no-domain',
      'config/ is read before anything else lives',
      { path: '^server/src/config/' },
      { path: [anySlice, '^server/src/(registry|storage|oci)/'] },
    ),
    forbid(
      'api-stands-alone',
      'the contract imports nothing of ours',
      { path: '^api/' },
      { path: ours, pathNot: '^api/' },
    ),
    forbid(
      'outside-the-server',
      'portal, tests and bench speak to the server over the network only',
      { path: '^(portal|tests|bench)/' },
      { path: '^server/' },
    ),
    forbid(
      'server-stands-alone',
      'the program needs nothing but the contract; tests over real servers ask where these were installed',
      { path: '^server/', pathNot: '^server/src/storage/drivers/[^/]+/testing\\.ts$' },
      { path: '^(portal|tests|bench|scripts)/' },
    ),
    forbid(
      'http-at-the-edge',
      'Fastify is known to routes, registry/, platform/http and app/ only',
      {
        path: '^server/src/',
        pathNot: ['/routes\\.ts$', '^server/src/(registry|platform/http|app)/', tests],
      },
      { path: 'node_modules/(@fastify/|fastify/)' },
    ),
    forbid(
      'sql-in-stores',
      'Kysely is known to stores, platform/db and platform/events only; app/ hands the connection on',
      {
        path: '^server/src/',
        pathNot: ['[/-]store\\.ts$', '^server/src/(platform/(db|events)|app)/', tests],
      },
      { path: 'node_modules/(kysely|pg)/' },
    ),
    forbid(
      'opentelemetry-in-one-file',
      'all others know the port, platform/tracing/tracing.ts',
      { path: ours, pathNot: '^server/src/platform/tracing/otlp\\.ts$' },
      { path: 'node_modules/@opentelemetry/' },
    ),
    forbid(
      'opentelemetry-is-read-late',
      'where nothing is traced it is not even read: import() it',
      { path: '^server/src/', pathNot: tests },
      { path: '^server/src/platform/tracing/otlp\\.ts$', dynamic: false },
    ),
    forbid(
      'no-test-code-in-the-program',
      'what only tests need stays in tests',
      { path: '^(server/src|api|portal/src)/', pathNot: tests },
      { path: tests },
    ),
    forbid(
      'portal-shared-below-features',
      'components, lib and config know no feature',
      { path: '^portal/src/(components|lib|config|locales)/', pathNot: tests },
      { path: '^portal/src/(features|routes|app)/' },
    ),
    forbid(
      'portal-features-below-routes',
      'a feature does not know where it is shown',
      { path: '^portal/src/features/', pathNot: tests },
      { path: '^portal/src/(routes|app)/' },
    ),
    forbid(
      'portal-features-apart',
      'features never import each other',
      { path: '^portal/src/features/([^/]+)/' },
      { path: '^portal/src/features/', pathNot: '^portal/src/features/$1/' },
    ),
    forbid(
      'portal-routes-below-app',
      'only app/ composes',
      { path: '^portal/src/routes/' },
      { path: '^portal/src/app/' },
    ),
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^[^/]+/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.css', '.json'],
    },
  },
}
