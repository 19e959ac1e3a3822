import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('chromium')

describeWith('the explorer of the REST interface in a browser', tools, (files) => {
  let server: RunningServer
  let browser: Browser

  beforeAll(async () => {
    server = await startServer()
    browser = await chromium.launch({
      executablePath: files.chromium,
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.dispose()
  })

  test('shows an operation and tries it, asking no other host', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const complaints: string[] = []
    const hosts = new Set<string>()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).origin)
    })

    await page.goto(`${server.url}/devcenter#/ping/getPing`)
    await page.getByRole('button', { name: 'Try it out' }).click()
    await page.getByRole('button', { name: 'Execute' }).click()
    await page.getByText('Pong', { exact: true }).first().waitFor()

    expect(complaints).toEqual([])
    expect([...hosts]).toEqual([new URL(server.url).origin])
  })
})
