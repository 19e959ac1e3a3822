import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import { blob, descriptorOf, image } from './content.ts'
import type { Repository } from './repository.ts'

/** Pushes a Helm chart of these files as `v1`. */
export async function pushChart(repository: Repository, files: Record<string, string>): Promise<void> {
  const entries = Object.entries(files).map(([name, body]) => ({
    header: { name: `chart/${name}`, size: Buffer.byteLength(body), type: 'file' as const },
    body,
  }))
  const config = blob('{"name":"chart","version":"1.0.0"}', 'application/vnd.cncf.helm.config.v1+json')
  const archive = gzipSync(await packTar(entries))
  const layer = blob(archive, 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')
  await repository.pushBlob(config)
  await repository.pushBlob(layer)
  await repository.pushManifest(image({ config: descriptorOf(config), layers: [descriptorOf(layer)] }), 'v1')
}
