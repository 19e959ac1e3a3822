import type { Descriptor, Manifest } from '../../oci/manifest.ts'
import type { Addition, AdditionTools, Content } from '../processors/processor.ts'
import { readArchive } from './archive.ts'

const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'
// What Helm called it before version 3.7.
const OLD_CHART_LAYER = 'application/tar+gzip'

/** The values of a chart as its author wrote them; empty where it has none. */
export async function chartValues(manifest: Manifest, content: Content): Promise<Addition | undefined> {
  const files = await chartFiles(manifest, content, ['values.yaml'])

  return files && { mediaType: 'text/plain', body: files['values.yaml'] ?? Buffer.alloc(0) }
}

/** The README of a chart; empty where it has none. */
export async function chartReadme(manifest: Manifest, content: Content): Promise<Addition | undefined> {
  const files = await chartFiles(manifest, content, ['readme.md'])

  return files && { mediaType: 'text/markdown', body: files['readme.md'] ?? Buffer.alloc(0) }
}

/** What a chart depends on: in Chart.yaml, for charts of the first version in a file of its own. */
export async function chartDependencies(
  manifest: Manifest,
  content: Content,
  { charts }: AdditionTools,
): Promise<Addition | undefined> {
  const files = await chartFiles(manifest, content, ['chart.yaml', 'requirements.yaml'])
  if (!files) return undefined
  const those = [files['chart.yaml'], files['requirements.yaml']].filter((file) => file !== undefined)

  return { mediaType: 'application/json', body: Buffer.from(await charts.dependencies(those)) }
}

/** Files directly in the chart's folder, by their names in lower case. */
async function chartFiles(
  { layers }: Manifest,
  content: Content,
  names: string[],
): Promise<Record<string, Buffer> | undefined> {
  const layer = findLayer(layers, CHART_LAYER) ?? findLayer(layers, OLD_CHART_LAYER)
  const source = layer && (await content.stream(layer))
  if (!source) return undefined
  const wants = (path: string) => names.includes(nameInChart(path))
  const files = await readArchive(source, { gzip: true, wants, count: names.length })

  return Object.fromEntries([...files].map(([path, bytes]) => [nameInChart(path), bytes]))
}

function findLayer(layers: Descriptor[], mediaType: string): Descriptor | undefined {
  return layers.find((layer) => layer.mediaType === mediaType)
}

/** `values.yaml` of `app/values.yaml`; empty for what lies elsewhere, such as in a chart within the chart. */
function nameInChart(path: string): string {
  const parts = path.replace(/^\.\//, '').split('/')

  return parts.length === 2 ? (parts[1] ?? '').toLowerCase() : ''
}
