import { modelFiles, modelLicense, modelReadme } from '../additions/model.ts'
import { isObject } from './objects.ts'
import type { Processor } from './processor.ts'

/** The model specification's name for its manifests, and the one it had before. */
export const MODEL_MANIFESTS = [
  'application/vnd.cncf.model.manifest.v1+json',
  'application/vnd.cnai.model.manifest.v1+json',
]

/** Models of machine learning (model specification of CNCF). */
export const model: Processor = {
  type: 'CNAI',
  async attributes(manifest, content) {
    const config = manifest.config && (await content.json(manifest.config))
    return isObject(config) ? config : undefined
  },
  additions: { 'readme.md': modelReadme, license: modelLicense, files: modelFiles },
}
