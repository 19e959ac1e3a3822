import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FatalError } from '../platform/errors.ts'
import { loadConfig } from './load.ts'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portolan-config-'))
  file = join(directory, 'portolan.yaml')
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

function problem(env: Record<string, string>, yaml = ''): string {
  writeFileSync(file, yaml)
  try {
    loadConfig({ file, env })
  } catch (error) {
    expect(error).toBeInstanceOf(FatalError)
    return (error as FatalError).message
  }
  throw new Error('the configuration was accepted')
}

test('with nothing configured the defaults hold, paths absolute', () => {
  const config = loadConfig({ env: {} })

  expect(config.listen).toMatchObject({ address: '0.0.0.0', port: 8080 })
  expect(config.dataDirectory).toBe(resolve('data'))
  expect(config.storage.filesystem.directory).toBe(resolve('data/storage'))
  expect(config.database.url).toBeUndefined()
})

test('metrics are never shown on the port of clients', () => {
  expect(problem({ PORTOLAN_METRICS_PORT: '8080' })).toBe(
    'metrics.port: must be another port than listen.port',
  )
})

test('processes are counted, or left to the program, and have connections enough', () => {
  const count = (env: Record<string, string>) => loadConfig({ env }).processes

  expect([count({}), count({ PORTOLAN_PROCESSES: 'auto' }), count({ PORTOLAN_PROCESSES: '5' })]).toEqual([
    'auto',
    'auto',
    5,
  ])
  expect(problem({ PORTOLAN_PROCESSES: 'many' })).toBe(
    'PORTOLAN_PROCESSES (processes): must be auto, or a whole number from 1 to 64',
  )
  expect(problem({ PORTOLAN_PROCESSES: '6' })).toBe(
    'database.max_connections: must be at least 24 for 6 processes',
  )
  expect(count({ PORTOLAN_DATABASE_MAX_CONNECTIONS: '2', PORTOLAN_PROCESSES: '1' })).toBe(1)
})

test('the environment wins over the file, the file over the defaults', () => {
  writeFileSync(file, 'listen:\n  port: 1\n  address: 10.0.0.1\nlog: {level: warn}\n')

  const config = loadConfig({ file, env: { PORTOLAN_LISTEN_PORT: '2' } })

  expect(config.listen).toMatchObject({ address: '10.0.0.1', port: 2 })
  expect(config.log).toEqual({ level: 'warn', format: 'auto', fileBytes: 10485760, files: 5 })
})

test('PORTOLAN_CONFIG names the file', () => {
  writeFileSync(file, 'registry: {sparse_index: true}')

  const config = loadConfig({ env: { PORTOLAN_CONFIG: file } })

  expect(config.registry.sparseIndex).toBe(true)
})

test('the result is frozen to its depths', () => {
  const config = loadConfig({ env: { PORTOLAN_TRUSTED_PROXIES: '10.0.0.0/8' } })

  expect(Object.isFrozen(config)).toBe(true)
  expect(Object.isFrozen(config.storage.filesystem)).toBe(true)
  expect(Object.isFrozen(config.trustedProxies)).toBe(true)
})

test('a list comes separated by commas', () => {
  const config = loadConfig({ env: { PORTOLAN_TRUSTED_PROXIES: '10.0.0.0/8, ::1,192.0.2.1' } })

  expect(config.trustedProxies).toEqual(['10.0.0.0/8', '::1', '192.0.2.1'])
})

test('the external URL is brought into its normal form', () => {
  const config = loadConfig({ env: { PORTOLAN_EXTERNAL_URL: 'https://Registry.Example.com:443/' } })

  expect(config.externalUrl).toBe('https://registry.example.com')
})

test('empty variables and empty groups count as not set', () => {
  writeFileSync(file, 'tls:\nlisten:\n  port:\n')

  const config = loadConfig({ file, env: { PORTOLAN_EXTERNAL_URL: '' } })

  expect(config.externalUrl).toBeUndefined()
  expect(config.listen.port).toBe(8080)
})

test('variables that Kubernetes sets for a service of our name are none of ours', () => {
  const config = loadConfig({
    env: { PORTOLAN_PORT: 'tcp://10.0.0.1:80', PORTOLAN_SERVICE_HOST: '10.0.0.1' },
  })

  expect(config.listen.port).toBe(8080)
})

test.each([
  ['listne: {port: 1}', 'listne: there is no such key'],
  ['listen: {prot: 1}', 'listen.prot: there is no such key'],
  ['listen: 8080', 'listen: must be a group of keys'],
  ['listen: {port: high}', 'listen.port: must be a whole number from 0 to 65535'],
  ['listen: {port: 65536}', 'listen.port: must be a whole number from 0 to 65535'],
  ['log: {level: loud}', 'log.level: must be one of fatal, error, warn, info, debug, trace'],
  ['registry: {sparse_index: yes}', 'registry.sparse_index: must be true or false'],
  [
    'trusted_proxies: 10.0.0.0/8',
    'trusted_proxies: must be a list of addresses and networks such as 10.0.0.0/8',
  ],
  [
    'trusted_proxies: [10.0.0.0/33]',
    'trusted_proxies: must be a list of addresses and networks such as 10.0.0.0/8',
  ],
  ['- a', 'must hold keys and values'],
])('the file %j is refused with path and reason', (yaml, reason) => {
  expect(problem({}, yaml)).toBe(`${file}: ${reason}`)
})

test('YAML that cannot be parsed is refused in one line', () => {
  const message = problem({}, 'listen: {port: 1\nlog: x')

  expect(message).toContain(`${file}: is not valid YAML`)
  expect(message).not.toContain('\n')
})

test('a key that stands twice is refused', () => {
  expect(problem({}, 'data_directory: a\ndata_directory: b')).toContain('Map keys must be unique')
})

test('a named file that is not there is refused', () => {
  expect(() => loadConfig({ file: join(directory, 'none.yaml'), env: {} })).toThrow('cannot be read (ENOENT)')
})

test.each([
  ['PORTOLAN_LISTNE_PORT', '1', 'PORTOLAN_LISTNE_PORT: there is no such key'],
  ['PORTOLAN_LISTEN', '1', 'PORTOLAN_LISTEN: there is no such key'],
  [
    'PORTOLAN_LISTEN_PORT',
    '8080x',
    'PORTOLAN_LISTEN_PORT (listen.port): must be a whole number from 0 to 65535',
  ],
  [
    'PORTOLAN_LISTEN_PORT',
    '-1',
    'PORTOLAN_LISTEN_PORT (listen.port): must be a whole number from 0 to 65535',
  ],
  [
    'PORTOLAN_REGISTRY_SPARSE_INDEX',
    '1',
    'PORTOLAN_REGISTRY_SPARSE_INDEX (registry.sparse_index): must be true or false',
  ],
  ['PORTOLAN_TLS_KEY', 'k.pem', 'tls.certificate: must be set with tls.key'],
  ['PORTOLAN_TLS_CERTIFICATE', 'c.pem', 'tls.key: must be set with tls.certificate'],
])('the variable %s=%s is refused with its reason', (variable, value, reason) => {
  expect(problem({ [variable]: value })).toBe(reason)
})

test.each([
  'registry.example.com',
  'ftp://registry.example.com',
  'https://registry.example.com/harbor',
  'https://registry.example.com?x=1',
  'https://registry.example.com/#x',
  'https://user@registry.example.com',
  'https://user:pw@registry.example.com',
])('%s is no external URL', (url) => {
  expect(problem({ PORTOLAN_EXTERNAL_URL: url })).toContain('must be an http or https URL without user, path')
})

test('a wrong secret is not repeated', () => {
  const key = problem({ PORTOLAN_SECRET_KEY: 'hunter2' })
  const url = problem({ PORTOLAN_DATABASE_URL: 'mysql://root:hunter2@h/x' })

  expect(`${key}\n${url}`).not.toContain('hunter2')
})

test.each([
  'postgres://user:password@host:5432/name',
  'postgresql://host/name?sslmode=require',
  'postgres://user@/name?host=/run/postgresql',
  'postgres:///name?host=/run/postgresql',
])('%s is a database URL', (url) => {
  expect(loadConfig({ env: { PORTOLAN_DATABASE_URL: url } }).database.url).toBe(url)
})

test('settings take names of their own, each from the highest layer that has it', () => {
  writeFileSync(file, 'settings: {read_only: true, banner_message: hello}\n')

  const config = loadConfig({ file, env: { PORTOLAN_SETTINGS_READ_ONLY: 'false' } })

  expect(config.settings).toEqual({ read_only: 'false', banner_message: 'hello' })
})

test('settings have plain values, and their variables a name', () => {
  expect(problem({}, 'settings: {banner_message: [1]}')).toContain('settings: must be')
  expect(problem({ PORTOLAN_SETTINGS: 'x' })).toContain('PORTOLAN_SETTINGS')
})

test.each([
  ['storage: {driver: s3}', 'storage.s3.bucket: must be set with storage.driver'],
  [
    'storage: {driver: s3, s3: {bucket: b, access_key_id: a}}',
    'storage.s3.access_key_id: must be set with storage.s3.secret_access_key, or both not',
  ],
  [
    'storage: {driver: s3, s3: {bucket: b, prefix: /a}}',
    'storage.s3.prefix: must be letters, digits, and . _ - between single slashes',
  ],
])('the bucket of %j is refused', (yaml, reason) => {
  expect(problem({}, yaml)).toBe(reason)
})
