import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createOutboundClient, type OutboundOptions, type OutboundRequest } from './client.ts'
import type { OutboundError, OutboundProblem } from './errors.ts'
import { certificate } from './testing.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const nothing = () => undefined

const LOOPBACK = { allowNetworks: ['127.0.0.0/8'], allowHosts: [] }

function client(options: Partial<OutboundOptions> = {}) {
  const made = createOutboundClient({ ...LOOPBACK, ...options })
  closing.push(() => made.close())
  return made
}

async function listening(server: Server, address = '127.0.0.1'): Promise<number> {
  server.listen(0, address)
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function serve(handler: RequestListener, address = '127.0.0.1'): Promise<string> {
  return `http://${address}:${await listening(createServer(handler), address)}`
}

function ask(url: string, more: Partial<OutboundRequest> = {}): OutboundRequest {
  return { method: 'GET', url, totalMilliseconds: 5000, mostBytes: 1000, ...more }
}

async function problemOf(call: Promise<unknown>): Promise<OutboundProblem | undefined> {
  return await call.then(
    () => undefined,
    (error: OutboundError) => error.problem,
  )
}

test('a request arrives, and its answer comes back', async () => {
  const url = await serve((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('end', () =>
      response.writeHead(201, { 'x-seen': request.headers['x-mine'] }).end(Buffer.concat(pieces)),
    )
  })

  const answer = await client().request(
    ask(`${url}/a?b=1`, { method: 'POST', body: 'hello', headers: { 'x-mine': 'yes' } }),
  )

  expect(answer).toMatchObject({ status: 201, headers: { 'x-seen': 'yes' }, cut: false })
  expect(answer.body.toString()).toBe('hello')
})

test.each([
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://0x7f.0.0x0.1/',
  'http://127.0.0.1./',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[2002:7f00:1::]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://①②⑦.⓪.⓪.①/',
  'http://0/',
  'http://[::]/',
])('%s is refused before anything is sent', async (url) => {
  const guarded = client({ allowNetworks: [] })

  expect(await problemOf(guarded.request(ask(url)))).toBe('refused')
  expect(() => guarded.check(url)).toThrow('no public address')
})

test.each([
  'ftp://example.com/',
  'file:///etc/passwd',
  'gopher://x/',
  'not an address',
  'http://',
  'javascript:1',
  'http://%zz:x@127.0.0.1/',
  'http://user:%@127.0.0.1/',
])('%s is no address', async (url) => {
  expect(() => client().check(url)).toThrow()
  expect(await problemOf(client().request(ask(url)))).toBe('invalid')
})

test('a name that leads inside is refused', async () => {
  const guarded = client({ allowNetworks: [] })

  expect(await problemOf(guarded.request(ask('http://localhost:1/')))).toBe('refused')
})

test('a name that means something else at every look is connected to what was looked at', async () => {
  let reached = 0
  const inside = createServer((_request, response) => {
    reached += 1
    response.end('secret')
  })
  const port = await listening(inside, '127.0.0.2')
  const outside = createServer((_request, response) => response.end('public'))
  outside.listen(port, '127.0.0.1')
  await once(outside, 'listening')
  closing.push(() => outside.close())
  let looks = 0
  const rebinding = client({
    allowNetworks: ['127.0.0.1'],
    resolve: async () => [{ address: looks++ % 2 === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 }],
  })

  const outcomes: string[] = []
  for (let round = 0; round < 6; round += 1) {
    outcomes.push(
      await rebinding
        .request(ask(`http://rebinding.test:${port}/`, { headers: { connection: 'close' } }))
        .then(
          ({ body }) => body.toString(),
          (error: OutboundError) => error.problem,
        ),
    )
  }

  expect(reached).toBe(0)
  expect(new Set(outcomes)).toEqual(new Set(['public', 'refused']))
})

test('of several addresses of a name only those are called that may be', async () => {
  const url = await serve((_request, response) => response.end('public'))
  const { port } = new URL(url)
  const mixed = client({
    allowNetworks: ['127.0.0.1'],
    resolve: async () => [
      { address: '127.0.0.3', family: 4 },
      { address: '169.254.169.254', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ],
  })

  expect((await mixed.request(ask(`http://mixed.test:${port}/`))).body.toString()).toBe('public')
})

test('an allowed name may be private, but not what hands out the secrets of a machine', async () => {
  const url = await serve((_request, response) => response.end('in the house'))
  const { port } = new URL(url)
  const to = (address: string) =>
    client({ allowNetworks: [], allowHosts: ['*.house.test'], resolve: async () => [{ address, family: 4 }] })

  expect((await to('127.0.0.1').request(ask(`http://ci.house.test:${port}/`))).body.toString()).toBe(
    'in the house',
  )
  expect(await problemOf(to('127.0.0.1').request(ask(`http://house.test:${port}/`)))).toBe('refused')
  expect(await problemOf(to('169.254.169.254').request(ask('http://ci.house.test/')))).toBe('refused')
})

test('a redirect inside is refused', async () => {
  let reached = 0
  const inside = await serve((_request, response) => {
    reached += 1
    response.end()
  }, '127.0.0.2')
  const targets = [inside, inside.replace('127.0.0.2', '[::ffff:127.0.0.2]'), 'http://169.254.169.254/']
  for (const target of targets) {
    const url = await serve((_request, response) => response.writeHead(307, { location: target }).end())

    expect(await problemOf(client({ allowNetworks: ['127.0.0.1'] }).request(ask(url)))).toBe('refused')
  }
  expect(reached).toBe(0)
})

test('redirects end, and lead to http and https only', async () => {
  const url = await serve((request, response) => {
    const location = request.url === '/file' ? 'file:///etc/passwd' : '/again'
    response.writeHead(302, { location }).end()
  })

  expect(await problemOf(client().request(ask(url)))).toBe('redirects')
  expect(await problemOf(client().request(ask(`${url}/file`)))).toBe('redirects')
})

test('credentials stay with the origin that they are for', async () => {
  const seen: Record<string, unknown>[] = []
  const other = await serve((request, response) => {
    seen.push(request.headers)
    response.end()
  })
  const url = await serve((request, response) => {
    seen.push(request.headers)
    const location = request.url === '/first' ? '/second' : other
    response.writeHead(307, { location }).end()
  })

  await client().request(
    ask(`${url}/first`, {
      method: 'POST',
      body: '{}',
      headers: { 'x-plain': '1', 'content-type': 'application/json' },
      credentials: { authorization: 'Bearer secret', 'x-signature': 'secret' },
    }),
  )

  expect(
    seen.map((headers) => [
      headers['x-plain'],
      headers['content-type'],
      headers.authorization,
      headers['x-signature'],
    ]),
  ).toEqual([
    ['1', 'application/json', 'Bearer secret', 'secret'],
    ['1', 'application/json', 'Bearer secret', 'secret'],
    ['1', 'application/json', undefined, undefined],
  ])
})

test('user and password in an address are sent as such, and not told in errors', async () => {
  const url = await serve((request, response) => response.end(request.headers.authorization))
  const basic = `Basic ${Buffer.from('me:pass word').toString('base64')}`

  const answer = await client().request(ask(url.replace('http://', 'http://me:pass%20word@')))
  const failed = client()
    .request(ask('http://me:secret@127.0.0.1:1/secret?secret', { credentials: { 'x-token': 'secret' } }))
    .catch(
      (error: Error) => `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`,
    )

  expect(answer.body.toString()).toBe(basic)
  expect(await failed).toContain('ECONNREFUSED')
  expect(await failed).not.toContain('secret')
})

test('a header that would begin another is refused', async () => {
  const url = await serve((_request, response) => response.end())

  expect(await problemOf(client().request(ask(url, { headers: { 'x-a': 'b\r\nx-c: d' } })))).toBe('invalid')
})

test('an answer without end is cut', async () => {
  let closed = false
  const url = await serve((_request, response) => {
    const timer = setInterval(() => response.write('x'.repeat(500)), 1)
    response.on('close', () => {
      closed = true
      clearInterval(timer)
    })
  })

  const answer = await client().request(ask(url, { longer: 'cut' }))

  expect(answer.body.length).toBe(1000)
  expect(answer.cut).toBe(true)
  expect(await problemOf(client().request(ask(url)))).toBe('too-large')
  await expect.poll(() => closed).toBe(true)
})

test('who does not answer, or drips, or does not go on is given up', async () => {
  const silent = await serve(nothing)
  const dripping = await serve((_request, response) => {
    const timer = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(timer))
  })
  const pausing = await serve((_request, response) => {
    response.write('x')
  })
  const quick = client({ times: { headersMilliseconds: 300, bodyMilliseconds: 300 } })
  const started = performance.now()

  const problems = await Promise.all([
    problemOf(client().request(ask(silent, { totalMilliseconds: 300 }))),
    problemOf(client().request(ask(dripping, { totalMilliseconds: 300 }))),
    problemOf(quick.request(ask(silent))),
    problemOf(quick.request(ask(pausing))),
  ])

  expect(problems).toEqual(['timeout', 'timeout', 'timeout', 'timeout'])
  // What they are given where nobody says otherwise is 15 s and more.
  expect(performance.now() - started).toBeLessThan(12_000)
})

test('whoever does not want the answer any more ends the call', async () => {
  const url = await serve(nothing)
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 50)

  expect(await problemOf(client().request(ask(url, { signal: controller.signal })))).toBe('aborted')
})

test('a certificate must be trusted, by an authority that is named, or not at all', async () => {
  const { cert, key } = certificate()
  const server = createTlsServer({ cert, key }, (_request, response) => response.end('sealed'))
  const url = `https://localhost:${await listening(server)}/`
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }]

  expect(await problemOf(client({ resolve }).request(ask(url)))).toBe('certificate')
  expect((await client({ resolve }).request(ask(url, { verifyCertificate: false }))).body.toString()).toBe(
    'sealed',
  )
  expect((await client({ resolve, ca: cert }).request(ask(url))).body.toString()).toBe('sealed')
  expect((await client({ resolve }).request(ask(url, { ca: cert }))).body.toString()).toBe('sealed')
})

test('a proxy gets everything but what is named, and never what is known to lead inside', async () => {
  const asked: string[] = []
  const proxy = createServer((_request, response) => response.writeHead(400).end())
  const proxyPort = await listening(proxy)
  const url = await serve((_request, response) => response.end('behind'))
  const { port } = new URL(url)
  proxy.on('connect', (request, socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization']}`)
    const upstream = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(upstream).pipe(socket)
    })
    closing.push(() => upstream.destroy())
  })
  const proxied = client({
    allowNetworks: ['127.0.0.1'],
    proxy: `http://me:secret@127.0.0.1:${proxyPort}`,
    noProxy: ['direct.test'],
    resolve: async (host) => {
      if (host === 'outside.test') throw new Error('only the proxy knows')
      return [{ address: host === 'inside.test' ? '10.0.0.1' : '127.0.0.1', family: 4 }]
    },
  })

  const bodies = [
    await proxied.request(ask(`http://outside.test:${port}/`)),
    await proxied.request(ask(`http://direct.test:${port}/`)),
  ].map(({ body }) => body.toString())

  expect(bodies).toEqual(['behind', 'behind'])
  expect(asked).toEqual([`outside.test:${port} Basic ${Buffer.from('me:secret').toString('base64')}`])
  expect(await problemOf(proxied.request(ask(`http://inside.test:${port}/`)))).toBe('refused')
  expect(await problemOf(proxied.request(ask('http://169.254.169.254/')))).toBe('refused')
})

test('what does not speak HTTP is unreachable', async () => {
  const server = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())

  const { port } = server.address() as AddressInfo

  expect(await problemOf(client().request(ask(`http://127.0.0.1:${port}/`)))).toBe('unreachable')
})
