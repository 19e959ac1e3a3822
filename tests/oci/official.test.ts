import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { run } from '../harness/command.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { createProject } from '../harness/project.ts'
import { useSite } from '../harness/site.ts'

/** The binary of the specification's own suite. It cannot be installed by name, so whoever has it names it. */
const binary = process.env.OCI_CONFORMANCE

/** Every kind, sparse manifests too, which the server takes only where it is told to. */
const everything = {
  OCI_API_BLOBS_DIGEST_HEADER: 'true',
  OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
  OCI_API_BLOBS_MOUNT_ANONYMOUS: 'true',
  OCI_API_BLOBS_DELETE: 'true',
  OCI_API_BLOBS_ATOMIC: 'true',
  OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
  OCI_API_MANIFESTS_TAG_PARAM: 'true',
  OCI_API_MANIFESTS_DELETE: 'true',
  OCI_API_MANIFESTS_ATOMIC: 'true',
  OCI_API_TAGS_DELETE: 'true',
  OCI_API_TAGS_ATOMIC: 'true',
  OCI_API_TAGS_LIST: 'true',
  OCI_API_REFERRER: 'true',
  OCI_DATA_INDEX: 'true',
  OCI_DATA_INDEX_LIST: 'true',
  OCI_DATA_ARTIFACT: 'true',
  OCI_DATA_SUBJECT: 'true',
  OCI_DATA_SUBJECT_MISSING: 'true',
  OCI_DATA_ARTIFACT_LIST: 'true',
  OCI_DATA_SUBJECT_LIST: 'true',
  OCI_DATA_DATA_FIELD: 'true',
  OCI_DATA_NONDISTRIBUTABLE: 'true',
  OCI_DATA_CUSTOM_FIELDS: 'true',
  OCI_DATA_NO_LAYERS: 'true',
  OCI_DATA_EMPTY_BLOB: 'true',
  OCI_DATA_SHA512: 'true',
  OCI_DATA_SPARSE: 'true',
}

describe('the official conformance suite', () => {
  if (binary === undefined) {
    test('needs its binary', (context) => context.skip('OCI_CONFORMANCE does not name it'))
    return
  }
  // Sparse manifests only where the server is told to take them; and it mounts without a source, for a
  // token that names just the target, only what everybody may read.
  const env = { PORTOLAN_REGISTRY_SPARSE_INDEX: 'true', PORTOLAN_REGISTRY_SPARSE_IMAGES: 'true' }
  const site = useSite({ env })

  test.each(['1.1', 'dev'])('of version %s passes whole', async (version) => {
    const project = await createProject(site.server, { public: true })
    const results = await temporaryDirectory('conformance')
    onTestFinished(() => results.remove())

    const ended = await run(binary, [], {
      cwd: results.path,
      env: {
        ...everything,
        OCI_VERSION: version,
        OCI_RESULTS_DIR: results.path,
        OCI_REGISTRY: new URL(site.registry.url).host,
        OCI_TLS: 'disabled',
        OCI_REPO1: `${project.name}/conformance/repo1`,
        OCI_REPO2: `${project.name}/conformance/repo2`,
        OCI_USERNAME: 'admin',
        OCI_PASSWORD: site.server.adminPassword,
      },
    })
    const report = await readFile(path.join(results.path, 'junit.xml'), 'utf8')

    expect(countsOf(report), ended.stdout).toMatchObject({ errors: 0, failures: 0, skipped: 0, disabled: 0 })
    expect(countsOf(report).tests).toBeGreaterThan(500)
    expect(ended.code).toBe(0)
  })
})

/** The totals of the one suite in a JUnit report. */
function countsOf(report: string) {
  const root = /<testsuite [^>]*>/.exec(report)?.[0] ?? ''
  const count = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? 0)
  return {
    tests: count('tests'),
    errors: count('errors'),
    failures: count('failures'),
    skipped: count('skipped'),
    disabled: count('disabled'),
  }
}
