import { createRequire } from 'node:module'

/**
 * Preloaded into dependency-cruiser, which reads TypeScript with swc but never tells it that a file holds
 * JSX. (Its other way, TypeScript's own parser, has no programming interface any more since version 7.)
 */
type Parse = (file: string, options: object) => unknown

const swc = createRequire(import.meta.url)('@swc/core') as { parseFileSync: Parse }
const { parseFileSync } = swc

swc.parseFileSync = (file, options) => parseFileSync(file, { ...options, tsx: file.endsWith('.tsx') })
