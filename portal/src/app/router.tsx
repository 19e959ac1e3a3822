import { createRootRoute, createRoute, createRouter, type RouterHistory } from '@tanstack/react-router'
import { HomePage } from '../routes/home.tsx'
import { NotFoundPage } from '../routes/not-found.tsx'
import { ErrorPage } from './error-page.tsx'
import { Shell } from './shell.tsx'

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage })
const home = createRoute({ getParentRoute: () => root, path: '/', component: HomePage })
const routeTree = root.addChildren([home])

/** Every address of the portal and the page it leads to. */
export function createPortalRouter(history?: RouterHistory) {
  return createRouter({
    routeTree,
    defaultErrorComponent: ErrorPage,
    ...(history === undefined ? {} : { history }),
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPortalRouter>
  }
}
