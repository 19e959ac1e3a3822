import { HARBOR_OPERATIONS } from '@portolan/api/operations'
import { Validator } from '@seriousme/openapi-schema-validator'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Operation, readOperations } from '../harness/openapi.ts'
import { useSite } from '../harness/site.ts'

describe('the description of the REST interface', () => {
  const site = useSite()
  let document: object
  let operations: Operation[]

  beforeAll(async () => {
    const answer = await site.registry.as().get('/api/v2.0/openapi.json')
    document = JSON.parse(answer.body.toString('utf8'))
    operations = await readOperations(site.registry)
  })

  test('is valid OpenAPI 3.1', async () => {
    const outcome = await new Validator().validate(structuredClone(document) as Record<string, unknown>)

    expect(outcome).toMatchObject({ valid: true })
    expect(document).toMatchObject({ openapi: '3.1.0' })
  })

  test('has every operation of Harbor by its name, and marks the others as ours', () => {
    const described = new Map(
      operations.map((operation) => [`${operation.method} ${operation.path}`, operation]),
    )

    const wrong = HARBOR_OPERATIONS.filter(({ id, method, path }) => {
      const found = described.get(`${method} /api/v2.0${path}`)
      return found?.id !== id || found.extension
    })
    const known = new Set(HARBOR_OPERATIONS.map(({ id }) => id))
    const unmarked = operations.filter(
      ({ id, path, extension }) => path.startsWith('/api/v2.0/') && !known.has(id) && !extension,
    )

    expect(wrong).toEqual([])
    expect(unmarked).toEqual([])
  })

  test('names each operation once, and says of each who may call it', () => {
    const ids = operations.map(({ id }) => id)

    expect(ids).toEqual([...new Set(ids)])
    expect(operations.filter(({ permission }) => permission === undefined)).toEqual([])
  })

  test('is shown by a page that needs nothing from elsewhere', async () => {
    const page = await site.registry.as().get('/devcenter')
    const html = page.body.toString('utf8')
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? '')
    const answers = await Promise.all(files.map((file) => site.registry.as().get(file)))

    expect(page.headers['content-security-policy']).toContain("default-src 'self'")
    expect(files).toHaveLength(3)
    expect(files.filter((file) => !file.startsWith('/devcenter/'))).toEqual([])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  })
})
