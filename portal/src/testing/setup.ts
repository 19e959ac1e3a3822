import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'

// A machine may be busy with other things.
configure({ asyncUtilTimeout: 15_000 })

// What browsers have and jsdom has not, as far as the design system asks for it.
window.matchMedia = (query) => ({
  matches: false,
  media: query,
  onchange: null,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
  addListener: () => undefined,
  removeListener: () => undefined,
  dispatchEvent: () => false,
})
window.ResizeObserver = class {
  observe() {
    return undefined
  }
  unobserve() {
    return undefined
  }
  disconnect() {
    return undefined
  }
}
window.scrollTo = () => undefined

afterEach(() => {
  cleanup()
  localStorage.clear()
})
