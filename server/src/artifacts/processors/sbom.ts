import { sbomDocument } from '../additions/sbom.ts'
import type { Processor } from './processor.ts'

export const HARBOR_SBOM = 'application/vnd.goharbor.harbor.sbom.v1'

/** Bills of materials as Harbor pushes them: the document is the one layer. */
export const sbom: Processor = {
  type: 'SBOM',
  attributes: async () => ({}),
  additions: { sbom: sbomDocument },
}
