/** Which methods each path of the API has: what tells 405 from 404. */
export interface AllowedMethods {
  /** Notes a route; `pattern` is Fastify's (`/projects/:id`, `*` at the end). */
  add(method: string, pattern: string): void
  /** Methods that some route has for `path`, sorted; empty where no route matches it. */
  find(path: string): string[]
}

/** Asked on errors only, so going through all patterns does. */
export function createAllowedMethods(): AllowedMethods {
  const routes = new Map<string, Set<string>>()

  return {
    add(method, pattern) {
      const methods = routes.get(pattern) ?? new Set()
      routes.set(pattern, methods.add(method))
    },
    find(path) {
      const found = new Set<string>()
      for (const [pattern, methods] of routes) {
        if (matches(pattern.split('/'), path.split('/'))) for (const method of methods) found.add(method)
      }
      return [...found].sort()
    },
  }
}

function matches(pattern: string[], path: string[]): boolean {
  const open = pattern.at(-1) === '*'
  if (open ? path.length < pattern.length : path.length !== pattern.length) return false
  return pattern.every(
    (part, at) => part === '*' || (part.startsWith(':') ? path[at] !== '' : part === path[at]),
  )
}
