import { buildPortal } from './build/portal.ts'

/** Before `npm start`: the page that the server serves, built where it is missing or out of date. */
await buildPortal()
