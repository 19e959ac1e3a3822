import { parse } from 'yaml'
import type { Descriptor, Manifest } from '../../oci/manifest.ts'
import { DomainError } from '../../platform/errors.ts'
import { isObject, objectOf } from '../processors/objects.ts'
import type { Addition, Content } from '../processors/processor.ts'
import { readArchive } from './archive.ts'
import { json } from './build-history.ts'

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
export async function chartDependencies(manifest: Manifest, content: Content): Promise<Addition | undefined> {
  const files = await chartFiles(manifest, content, ['chart.yaml', 'requirements.yaml'])
  if (!files) return undefined
  const own = dependenciesIn(files['chart.yaml'])

  return json(own.length > 0 ? own : dependenciesIn(files['requirements.yaml']))
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

const FIELDS = ['name', 'version', 'repository', 'condition', 'tags', 'enabled', 'import-values', 'alias']

function dependenciesIn(file: Buffer | undefined): Record<string, unknown>[] {
  if (!file) return []
  const { dependencies } = objectOf(readYaml(file))
  if (!Array.isArray(dependencies)) return []

  return dependencies
    .filter(isObject)
    .map((entry) =>
      Object.fromEntries(FIELDS.filter((name) => entry[name] != null).map((name) => [name, entry[name]])),
    )
}

// Ten times what real ones have. The time that reading takes is the program's: it has one thread.
const MAX_YAML_BYTES = 64 * 1024

function readYaml(file: Buffer): unknown {
  if (file.length > MAX_YAML_BYTES) {
    throw new DomainError('too-large', `a file of dependencies has more than ${MAX_YAML_BYTES} bytes`)
  }
  try {
    // To look for keys given twice, and to show where errors are, takes time that grows with the square of the input.
    return parse(file.toString('utf8'), { uniqueKeys: false, prettyErrors: false })
  } catch (error) {
    throw new DomainError('bad-request', 'the dependencies of the chart are no YAML', { cause: error })
  }
}
