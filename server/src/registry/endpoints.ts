/** The endpoints of `/v2` (distribution specification, "Endpoints"), by the names that the pipeline's columns have. */
export type Endpoint =
  | 'base'
  | 'catalog'
  | 'tags'
  | 'referrers'
  | 'manifest-get'
  | 'manifest-put'
  | 'manifest-delete'
  | 'blob-get'
  | 'blob-delete'
  | 'upload-start'
  | 'upload-status'
  | 'upload-chunk'
  | 'upload-finish'
  | 'upload-cancel'

/** What a path names, before anything is checked. */
export interface Target {
  endpoint: Endpoint
  /** The repository's name as written; empty where the endpoint has none. */
  name: string
  /** Tag, digest or upload id as written; empty where the endpoint has none. */
  reference: string
}

interface Shape {
  pattern: RegExp
  methods: Record<string, Endpoint>
}

// Names contain slashes, so the fixed words are found from the end. First match wins.
const SHAPES: readonly Shape[] = [
  { pattern: /^\/v2\/?$/, methods: { GET: 'base', HEAD: 'base' } },
  { pattern: /^\/v2\/_catalog$/, methods: { GET: 'catalog' } },
  { pattern: /^\/v2\/(.+)\/tags\/list$/, methods: { GET: 'tags' } },
  { pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/, methods: { GET: 'referrers' } },
  {
    pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    methods: { GET: 'manifest-get', HEAD: 'manifest-get', PUT: 'manifest-put', DELETE: 'manifest-delete' },
  },
  { pattern: /^\/v2\/(.+)\/blobs\/uploads\/?$/, methods: { POST: 'upload-start' } },
  {
    pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: {
      GET: 'upload-status',
      PATCH: 'upload-chunk',
      PUT: 'upload-finish',
      DELETE: 'upload-cancel',
    },
  },
  {
    pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/,
    methods: { GET: 'blob-get', HEAD: 'blob-get', DELETE: 'blob-delete' },
  },
]

/**
 * Reads a path (without query, percent-encoded). Answers the methods allowed where only the method is
 * wrong, undefined where the path is none of ours.
 */
export function matchTarget(method: string, path: string): Target | { allowed: string[] } | undefined {
  const decoded = decode(path)
  for (const { pattern, methods } of decoded === undefined ? [] : SHAPES) {
    const match = pattern.exec(decoded ?? '')
    if (!match) continue

    const endpoint = Object.hasOwn(methods, method) ? methods[method] : undefined
    return endpoint
      ? { endpoint, name: match[1] ?? '', reference: match[2] ?? '' }
      : { allowed: Object.keys(methods) }
  }

  return undefined
}

function decode(path: string): string | undefined {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
