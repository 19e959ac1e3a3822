import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDistributor, type Distributor } from './distributor.ts'
import type { Child } from './family.ts'

/** A process that does what the test says with what it is handed. */
interface Puppet extends Child {
  handed: { id: number; connection: Socket }[]
}

let distributor: Distributor
let port: number
let clients: Socket[]

beforeEach(async () => {
  clients = []
  distributor = createDistributor()
  port = await distributor.listen({ listen: { address: '127.0.0.1', port: 0 } })
})
afterEach(async () => {
  for (const client of clients) client.destroy()
  await distributor.close()
})

function puppet(): Puppet {
  const self: Puppet = {
    pid: 1,
    handed: [],
    kill: () => undefined,
    send(order, connection) {
      if (order.order === 'connection' && connection) self.handed.push({ id: order.id, connection })
    },
  }
  return self
}

async function dial(): Promise<Socket> {
  const client = connect(port, '127.0.0.1')
  clients.push(client)
  await once(client, 'connect')
  return client
}

const counts = (...puppets: Puppet[]) => puppets.map(({ handed }) => handed.length)

test('connections go to whoever has the fewest, in turn among equals', async () => {
  const [a, b] = [puppet(), puppet()]
  distributor.joined(a)
  distributor.joined(b)

  for (let at = 0; at < 6; at += 1) await dial()
  await expect.poll(() => counts(a, b)).toEqual([3, 3])
  distributor.ended(a, 3)
  for (let at = 0; at < 3; at += 1) await dial()

  await expect.poll(() => counts(a, b)).toEqual([6, 3])
})

test('what a dead process had not taken yet goes to another, what it had taken does not', async () => {
  const [a, b] = [puppet(), puppet()]
  distributor.joined(a)
  await dial()
  await dial()
  await expect.poll(() => counts(a)).toEqual([2])
  distributor.took(a.handed[0]?.id ?? 0)
  distributor.joined(b)

  distributor.left(a)

  expect(counts(b)).toEqual([1])
  expect(b.handed[0]?.connection).toBe(a.handed[1]?.connection)
  expect(a.handed.map(({ connection }) => connection.destroyed)).toEqual([true, false])
})

test('while there is nobody, connections wait', async () => {
  const a = puppet()
  await dial()
  await dial()
  await new Promise((resolve) => setTimeout(resolve, 50))

  distributor.joined(a)

  await expect.poll(() => counts(a)).toEqual([2])
})

test('one that refuses does not get it again while it is leaving', async () => {
  const [a, b] = [puppet(), puppet()]
  distributor.joined(a)
  await dial()
  await expect.poll(() => counts(a)).toEqual([1])
  distributor.joined(b)

  distributor.left(a)
  distributor.refused(a.handed[0]?.id ?? 0)

  expect(counts(a, b)).toEqual([1, 1])
})

test('a connection that nobody has taken for long is broken off, and goes to nobody any more', async () => {
  const [a, b] = [puppet(), puppet()]
  const impatient = createDistributor(20)
  const at = await impatient.listen({ listen: { address: '127.0.0.1', port: 0 } })
  impatient.joined(a)
  const client = connect(at, '127.0.0.1').resume()
  clients.push(client)

  await once(client, 'close')
  impatient.joined(b)
  impatient.left(a)

  expect(counts(a, b)).toEqual([1, 0])
  await impatient.close()
})

test('what no process takes any more while the port is being closed is broken off', async () => {
  const a = puppet()
  distributor.joined(a)
  const client = (await dial()).resume()
  await expect.poll(() => counts(a)).toEqual([1])
  const closed = once(client, 'close')

  await distributor.close()
  distributor.left(a)

  await closed
  expect(a.handed[0]?.connection.destroyed).toBe(true)
})

test('a port that is taken is said in words', async () => {
  const again = createDistributor().listen({ listen: { address: '127.0.0.1', port } })

  await expect(again).rejects.toThrow(`port ${port} is in use (listen.port)`)
})
