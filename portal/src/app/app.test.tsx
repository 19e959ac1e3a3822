import { Errors } from '@portolan/api/errors'
import { GeneralInfo, OverallHealthStatus } from '@portolan/api/system'
import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, test } from 'vitest'
import { version } from '../config/version.ts'
import { fakeApi } from '../testing/fake-api.ts'
import { renderPortal } from '../testing/render-portal.tsx'

const info: GeneralInfo = {
  auth_mode: 'db_auth',
  primary_auth_mode: false,
  self_registration: false,
  banner_message: '',
  oidc_provider_name: '',
}
const healthy: OverallHealthStatus = {
  status: 'healthy',
  components: [{ name: 'database', status: 'healthy' }],
}

function answeringApi() {
  const api = fakeApi()
  api.answer('/systeminfo', GeneralInfo, info)
  api.answer('/health', OverallHealthStatus, healthy)

  return api
}

describe('the start page', () => {
  test('shows name, version and health', async () => {
    answeringApi()

    renderPortal('/')

    expect(await screen.findByRole('heading', { name: 'Portolan' })).toBeDefined()
    expect(await screen.findByText(version)).toBeDefined()
    expect(await screen.findByText('database')).toBeDefined()
    expect(await screen.findAllByText('healthy')).toHaveLength(2)
  })

  test('says how to sign in, also by ways that it does not know', async () => {
    const api = answeringApi()
    api.answer('/systeminfo', GeneralInfo, { ...info, auth_mode: 'oidc_auth' })

    renderPortal('/')

    expect(await screen.findByText('through oidc_auth')).toBeDefined()
  })

  test('says which part is ill, and why', async () => {
    const api = answeringApi()
    api.answer('/health', OverallHealthStatus, {
      status: 'unhealthy',
      components: [{ name: 'database', status: 'unhealthy', error: 'not reachable' }],
    })

    renderPortal('/')

    expect(await screen.findByText('unhealthy: not reachable')).toBeDefined()
  })

  test('shows that it is loading while no answer has come', async () => {
    const api = answeringApi()
    api.hang('/health')

    const { container } = renderPortal('/')

    await screen.findByText(version)
    expect(container.querySelectorAll('.ant-skeleton')).toHaveLength(1)
  })

  test("shows the server's own words when a call fails, and asks again on demand", async () => {
    const api = answeringApi()
    api.answer('/health', Errors, { errors: [{ code: 'UNAVAILABLE', message: 'the database is away' }] }, 503)
    renderPortal('/')
    const alert = await screen.findByRole('alert')
    expect(within(alert).getByText('the database is away')).toBeDefined()

    api.answer('/health', OverallHealthStatus, healthy)
    await userEvent.click(within(alert).getByRole('button', { name: 'Try again' }))

    expect(await screen.findByText('database')).toBeDefined()
  })

  test('tells that the server cannot be reached', async () => {
    const api = answeringApi()
    api.refuse('/systeminfo')

    renderPortal('/')

    expect(await screen.findByText('Failed to fetch')).toBeDefined()
  })
})

describe('languages', () => {
  test('the browser chooses first, the switch afterwards, and it is remembered', async () => {
    answeringApi()
    const first = renderPortal('/', ['zh-TW', 'en'])
    expect(await screen.findByText('运行状况')).toBeDefined()

    await userEvent.click(screen.getByText('English'))

    expect(await screen.findByText('Health')).toBeDefined()
    expect(document.documentElement.lang).toBe('en')
    first.unmount()
    renderPortal('/', ['zh-CN'])
    expect(await screen.findByText('Health')).toBeDefined()
  })
})

test('an address without a page says so and leads home', async () => {
  answeringApi()
  renderPortal('/nowhere')

  await userEvent.click(await screen.findByRole('link', { name: 'To the start page' }))

  expect(await screen.findByText('database')).toBeDefined()
})
