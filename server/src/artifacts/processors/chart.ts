import { chartDependencies, chartReadme, chartValues } from '../additions/chart.ts'
import { isObject } from './objects.ts'
import type { Processor } from './processor.ts'

export const HELM_CONFIG = 'application/vnd.cncf.helm.config.v1+json'

/** Helm charts: the config is Chart.yaml as JSON. */
export const chart: Processor = {
  type: 'CHART',
  async attributes(manifest, content) {
    const config = manifest.config && (await content.json(manifest.config))
    return isObject(config) ? config : undefined
  },
  additions: { 'values.yaml': chartValues, 'readme.md': chartReadme, dependencies: chartDependencies },
}
