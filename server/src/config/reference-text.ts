import { type ConfigKey, configKeys } from './keys.ts'
import type { Key } from './types.ts'
import { expectationOf } from './value.ts'

const HEAD = `# Configuration

Portolan reads \`portolan.yaml\` in the working directory, or the file that \`--config\` or \`PORTOLAN_CONFIG\`
names, and environment variables, which win over the file. An empty variable counts as one that is not set;
a list in a variable is separated by commas.
An unknown key or a wrong value stops the start. \`portolan check-config\` prints what is in force.

Names with a dot are groups in the file:

\`\`\`yaml
external_url: https://registry.example.com
listen:
  port: 8443
trusted_proxies: [10.0.0.0/8]
\`\`\`

This page is generated from the schema (\`node server/src/config/reference.ts\`).
`

/** `docs/reference/configuration.md`. */
export function referenceText(): string {
  return `${HEAD}\n${configKeys().map(section).join('\n')}`
}

function section({ name, variable, schema }: ConfigKey): string {
  const facts = [
    `Variable \`${variable}${schema.type === 'values' ? '_…' : ''}\``,
    expectationOf(schema),
    defaultOf(schema),
  ]
  if (schema.secret === true) facts.push('secret')

  return `## \`${name}\`\n\n${schema.description}\n\n${facts.join('; ')}.\n`
}

function defaultOf(key: Key): string {
  if (key.default === undefined) return 'no default'
  if (typeof key.default === 'object') return 'empty by default'

  return `default \`${key.default}\``
}
