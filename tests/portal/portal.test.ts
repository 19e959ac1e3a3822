import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { succeed } from '../harness/command.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'

const tools = await findTools('chromium')

const root = path.resolve(import.meta.dirname, '../..')

describeWith('the portal in a browser', tools, (files) => {
  let server: RunningServer
  let browser: Browser
  let folder: TemporaryDirectory

  beforeAll(async () => {
    folder = await temporaryDirectory('browser')
    await succeed('node', ['scripts/build-portal.ts'], { cwd: root })
    server = await startServer()
    browser = await chromium.launch({
      executablePath: files.chromium,
      // Root has no sandbox, and containers have little shared memory.
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.dispose()
    await folder?.remove()
  })

  /** A page in a browser of that language, with whatever it complains about. */
  async function open(locale: string, address: string): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage({ locale, viewport: { width: 1280, height: 800 } })
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    await page.goto(new URL(address, server.url).href)

    return { page, complaints }
  }

  test('shows name, version and the health of the database', async () => {
    const { version } = JSON.parse(await readFile(path.join(root, 'server/package.json'), 'utf8')) as {
      version: string
    }
    const { page, complaints } = await open('en-GB', '/')

    await page.getByRole('heading', { name: 'Portolan' }).waitFor()
    await page.getByText(version, { exact: true }).waitFor()
    await page.getByRole('row', { name: /database.*healthy/ }).waitFor()
    const picture = path.join(folder.path, 'portal.png')
    await page.screenshot({ path: picture })

    expect((await stat(picture)).size).toBeGreaterThan(10_000)
    expect(complaints).toEqual([])
  })

  test('speaks the language of the browser, and the one that is chosen instead', async () => {
    const { page, complaints } = await open('zh-CN', '/')
    await page.getByText('运行状况').waitFor()

    await page.getByText('English').click()

    await page.getByText('Health', { exact: true }).waitFor()
    await page.reload()
    await page.getByText('Health', { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })

  test('opens at an address of its own, and says where it knows no page', async () => {
    const { page } = await open('en-GB', '/projects/1')

    await page.getByText('There is no such page').waitFor()
    await page.getByRole('link', { name: 'To the start page' }).click()

    await page.getByText('Health', { exact: true }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/')
  })
})
