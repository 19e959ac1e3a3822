import { expect } from 'vitest'
import { pushChart } from '../../harness/chart.ts'
import { blob, descriptorOf } from '../../harness/content.ts'
import { uniqueName } from '../../harness/project.ts'
import { openRepository } from '../../harness/repository.ts'
import type { CallOfRow, Row } from './row.ts'
import { read, type World } from './world.ts'

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** A chart of nothing but its values, and the path of it. */
async function ofChart(world: World): Promise<CallOfRow> {
  const repository = openRepository(world.admin, `${world.project.name}/${uniqueName('chart')}`)
  await pushChart(repository, { 'values.yaml': 'replicas: 1\n' })

  return {
    path: {
      project_name: world.project.name,
      repository_name: repository.name.split('/').slice(1).join('/'),
      reference: 'v1',
    },
  }
}

/** An artifact that brings its own picture, and the path of that. */
async function ofIcon(world: World): Promise<CallOfRow> {
  const repository = openRepository(world.admin, `${world.project.name}/${uniqueName('pictured')}`)
  const icon = blob(PNG, 'image/png')
  await repository.pushBlob(icon)
  const layer = { ...descriptorOf(icon), annotations: { 'io.goharbor.artifact.v1alpha1.icon': '' } }
  await repository.pushImage('v1', { layers: [layer] })

  return { path: { digest: icon.digest } }
}

const OF_ANOTHER = (world: World) => ({ project_name: world.other.name })

/** What can be read about artifacts, their pictures, and copies of them. */
export const MEDIA_ROWS: Row[] = [
  {
    operation: 'getAddition',
    arrange: async (world) => {
      const { path } = await ofChart(world)
      return { path: { ...path, addition: 'values.yaml' } }
    },
    as: 'guest',
    refused: 'stranger',
    wrongParent: OF_ANOTHER,
    check: ({ body, answer }) => {
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
      expect(body).toBe('replicas: 1\n')
    },
  },
  {
    operation: 'getVulnerabilitiesAddition',
    arrange: ofChart,
    as: 'guest',
    refused: 'stranger',
    wrongParent: OF_ANOTHER,
    // As long as there is no scanner.
    status: 404,
  },
  {
    operation: 'CopyArtifact',
    arrange: (world) => ({
      path: { project_name: world.project.name, repository_name: uniqueName('copy') },
      query: { from: `${world.project.name}/images:v1` },
    }),
    as: 'developer',
    refused: 'guest',
    wrongParent: () => ({ project_name: uniqueName('missing') }),
    check: async ({ world, call, answer }) => {
      const path = String(answer.headers.location).replace('/api/v2.0', '')
      expect(path).toBe(
        `/projects/${world.project.name}/repositories/${call.path?.repository_name}/artifacts/v1`,
      )
      expect(await read(world, path)).toMatchObject({ digest: world.project.digest })
    },
  },
  {
    operation: 'getIcon',
    arrange: ofIcon,
    as: 'anonymous',
    refused: 'nobody',
    wrongParent: () => ({ digest: `sha256:${'0'.repeat(64)}` }),
    check: ({ body }) =>
      expect(body).toEqual({ 'content-type': 'image/png', content: PNG.toString('base64') }),
  },
]
