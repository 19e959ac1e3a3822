/** What a manifest names, by digest, with the sizes that it says. */
export interface Named {
  blobs: Map<string, number>
  children: string[]
}

interface Descriptor {
  digest?: unknown
  size?: unknown
  mediaType?: unknown
}

/** Layers that are fetched from elsewhere (image specification, layer.md). */
const ELSEWHERE =
  /^application\/vnd\.(oci\.image\.layer\.nondistributable\.v1\.|docker\.image\.rootfs\.foreign\.diff\.)/

/**
 * Reads what a manifest names from its bytes, without the parser that took it in. Throws where it is no manifest.
 */
export function readNamed(body: Buffer): Named {
  const { config, layers, manifests } = JSON.parse(body.toString('utf8')) as {
    config?: Descriptor
    layers?: Descriptor[] | null
    manifests?: Descriptor[] | null
  }
  const needed = (layers ?? []).filter(({ mediaType }) => !ELSEWHERE.test(String(mediaType)))

  return {
    blobs: new Map(
      [...(config ? [config] : []), ...needed].map(({ digest, size }) => [String(digest), Number(size)]),
    ),
    children: (manifests ?? []).map(({ digest }) => String(digest)),
  }
}
