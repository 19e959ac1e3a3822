import { type ConfigKey, configKeys } from './schema.ts'

const HEAD = `# Configuration

Portolan reads \`portolan.yaml\` in the working directory, or the file that \`--config\` or \`PORTOLAN_CONFIG\`
names, and environment variables, which win over the file. An empty variable counts as one that is not set.
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

function section(key: ConfigKey): string {
  const facts = [
    `Variable \`${key.variable}\``,
    kindOf(key),
    defaultOf(key),
    ...(key.secret ? ['secret'] : []),
  ]

  return `## \`${key.name}\`\n\n${key.schema.description}\n\n${facts.join('; ')}.\n`
}

function kindOf({ schema }: ConfigKey): string {
  const { minimum, maximum } = schema
  if (schema.enum !== undefined) return `one of ${schema.enum.map((value) => `\`${value}\``).join(', ')}`
  if (schema.type === 'integer') return `whole number from ${minimum} to ${maximum}`
  if (schema.type === 'boolean') return '`true` or `false`'
  if (schema.type === 'array') return 'list, separated by commas in the variable'

  return 'text'
}

function defaultOf({ schema }: ConfigKey): string {
  if (schema.default === undefined) return 'no default'
  if (Array.isArray(schema.default)) return 'default: empty'

  return `default \`${schema.default}\``
}
