import { expect, test } from 'vitest'
import { parseManifest } from '../../oci/manifest.ts'
import { DOCKER_IMAGE_CONFIG, OCI_IMAGE, OCI_IMAGE_CONFIG, OCI_INDEX } from '../../oci/media-types.ts'
import { additionsOf, processorOf } from './table.ts'

const image = {
  type: 'IMAGE',
  artifactType: OCI_IMAGE_CONFIG,
  configMediaType: OCI_IMAGE_CONFIG,
  manifestMediaType: OCI_IMAGE,
}

test('an index is called what it says, where that may be a media type', () => {
  const called = (name: string) => {
    const annotations = { 'org.opencontainers.artifactType': name }
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], annotations }
    return processorOf(parseManifest(Buffer.from(JSON.stringify(index)), undefined)).configMediaType
  }

  expect(called('application/vnd.acme')).toBe('application/vnd.acme')
  expect(called('x'.repeat(256))).toBe(OCI_INDEX)
})

test('images of one platform have a history, lists of them and attestations have none', () => {
  expect(additionsOf(image)).toEqual(['build_history'])
  expect(additionsOf({ ...image, artifactType: DOCKER_IMAGE_CONFIG })).toEqual(['build_history'])
  expect(additionsOf({ ...image, artifactType: undefined, manifestMediaType: OCI_INDEX })).toEqual([])
  expect(additionsOf({ ...image, type: 'ATTESTATION' })).toEqual([])
})

test('what has only the name of a chart has nothing to read in it', () => {
  const named = 'application/vnd.acme.chart.config.v1+json'
  const helm = 'application/vnd.cncf.helm.config.v1+json'

  expect(additionsOf({ ...image, type: 'CHART', artifactType: named, configMediaType: named })).toEqual([])
  expect(additionsOf({ ...image, type: 'CHART', artifactType: helm, configMediaType: helm })).toEqual([
    'values.yaml',
    'readme.md',
    'dependencies',
  ])
})

test('an image that says it is WebAssembly has the history of an image', () => {
  const wasm = { ...image, type: 'WASM', configMediaType: 'application/vnd.wasm.config.v1+json' }

  expect(additionsOf(wasm)).toEqual(['build_history'])
})
