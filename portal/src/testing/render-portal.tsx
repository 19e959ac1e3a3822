import { createMemoryHistory } from '@tanstack/react-router'
import { render } from '@testing-library/react'
import { App } from '../app/app.tsx'
import { createPortalRouter } from '../app/router.tsx'
import { createI18n } from '../lib/i18n.ts'

/** Shows the whole portal at an address, as a browser with these languages would. */
export function renderPortal(address: string, languages: readonly string[] = ['en']) {
  const history = createMemoryHistory({ initialEntries: [address] })

  return render(<App i18n={createI18n(languages)} router={createPortalRouter(history)} />)
}
