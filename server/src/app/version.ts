import { existsSync, readFileSync } from 'node:fs'

/** The version of this program, from its `package.json`: a few folders above this file, or of its bundle. */
export function readVersion(): string {
  let file = new URL('package.json', import.meta.url)
  while (!existsSync(file)) {
    const above = new URL('../package.json', file)
    if (above.href === file.href) throw new Error('the package.json of Portolan is missing')
    file = above
  }

  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
