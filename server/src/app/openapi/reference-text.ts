import type { openApiDocument } from './document.ts'

interface Operation {
  operationId: string
  tags: string[]
  'x-portolan-permission':
    | string
    | { system: string }
    | { project: string; and?: string[] }
    | { everyProject: string }
  'x-portolan-extension'?: true
  'x-portolan-pending'?: true
}

const HEAD = `# REST interface

Made from the routes of the program by \`npm run generate\`. A running server describes them in full at \`/api/v2.0/openapi.json\`
(OpenAPI 3.1), and shows them at \`/devcenter\`. Operations of Harbor's contract have Harbor's names. *Ours* marks what Harbor does
not have, *pending* what is not built yet: it answers 501 to those who may call it. "Signed in" is a minimum: what
belongs to somebody asks for more.
`

/** The operations as a page of tables, a tag each. */
export function referenceText({ paths }: Pick<ReturnType<typeof openApiDocument>, 'paths'>): string {
  const sections = new Map<string, string[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const { tags, ...rest } = operation as Operation
      const rows = sections.get(tags[0] ?? '') ?? []
      sections.set(tags[0] ?? '', [...rows, row(method, path, rest)])
    }
  }
  const tables = [...sections]
    .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    .map(
      ([tag, rows]) =>
        `## ${tag}\n\n| operation | | who | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`,
    )

  return [HEAD, ...tables].join('\n')
}

function row(method: string, path: string, operation: Omit<Operation, 'tags'>): string {
  const mark = operation['x-portolan-pending'] ? 'pending' : operation['x-portolan-extension'] ? 'ours' : ''
  const name = `\`${method.toUpperCase()} ${path}\``

  return `| ${operation.operationId} | ${name} | ${who(operation['x-portolan-permission'])} | ${mark} |`
}

function who(permission: Operation['x-portolan-permission']): string {
  if (permission === 'anonymous') return 'everybody'
  if (permission === 'nobody') return 'nobody'
  if (typeof permission === 'string') return 'signed in'
  if ('system' in permission) return `\`${permission.system}\` in the system`

  if ('everyProject' in permission) return `\`${permission.everyProject}\` in every project`

  return `${[permission.project, ...(permission.and ?? [])].map((word) => `\`${word}\``).join(', ')} in the project`
}
