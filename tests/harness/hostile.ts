import fc from 'fast-check'
import { IMAGE, INDEX } from './content.ts'

const words = (text: string) => text.trim().split(/\s+/)

/** Pieces of paths and values of queries that have broken servers before, and good ones among them. */
export const scraps = fc.constantFrom(
  ...words(`
    . .. %2e%2e %2F %252F %00 %ff % %zz // \\ ; + * ~ 🦊 ä v2 _catalog blobs uploads manifests tags list referrers
    latest v1 UPPER -x __proto__ constructor sha256:abc sha256: : md5:00 proj a ';-- {{7*7}} <script> 0 -1 1e99
    sha256:0000000000000000000000000000000000000000000000000000000000000000 11111111-1111-4111-8111-111111111111
  `),
  '',
  ' ',
  '\u0000',
  '\r\n',
  'x'.repeat(500),
)

/** Targets below `/v2/`; `{repository}` stands for a repository that is there. */
export const targets = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...words('manifests blobs blobs/uploads tags referrers')), scraps)
      .map(([kind, scrap]) => `/v2/{repository}/${kind}/${encodeURI(scrap).replaceAll('%25', '%')}`),
  },
  {
    weight: 2,
    arbitrary: fc.array(scraps, { maxLength: 8 }).map((parts) => encodeURI(`/v2/${parts.join('/')}`)),
  },
  { weight: 1, arbitrary: fc.array(scraps, { maxLength: 8 }).map((parts) => `/v2/${parts.join('/')}`) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `/v2/${text}`) },
)

export const parameters = fc.constantFrom(
  ...words('n last digest digest-algorithm mount from tag artifactType ns _state q'),
)

export const headers = fc.tuple(
  fc.constantFrom(
    ...words(`
      Range Content-Range If-Range If-None-Match Accept Content-Type Expect Authorization X-Forwarded-For
      X-Forwarded-Proto X-Request-Id Cookie Content-Encoding Transfer-Encoding Origin Upgrade
    `),
  ),
  fc.oneof(
    fc.constantFrom(
      ...words('bytes=0- bytes=-1 0-0 5-1 0-99999999999999999999 * " W/" gzip chunked Bearer.a.b.c'),
      IMAGE,
      INDEX,
      'Basic Og==',
      'Bearer a.b.c',
      'x'.repeat(4000),
    ),
    fc.string({ maxLength: 40 }),
  ),
)

export const methods = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words('GET HEAD POST PUT PATCH DELETE')) },
  { weight: 1, arbitrary: fc.constantFrom(...words('OPTIONS TRACE PROPFIND QUERY get X')) },
)
