import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { projectFiles } from './files.ts'
import { ROOT } from './run.ts'
import { type Outcome, verdict } from './step.ts'

/** Every relative link of every Markdown file leads to a file, and its `#fragment` to a heading there. */
export async function checkLinks(): Promise<Outcome> {
  const documents = await projectFiles('*.md')
  const texts = new Map<string, string>()
  for (const path of documents) texts.set(path, await readFile(join(ROOT, path), 'utf8'))

  return verdict(
    [...texts].flatMap(([path, text]) =>
      brokenLinks(
        path,
        text,
        (target) => existsSync(join(ROOT, target)),
        (target) => texts.get(target),
      ),
    ),
  )
}

/** The complaints about one document, whose `path` its relative links start from. */
export function brokenLinks(
  path: string,
  text: string,
  exists: (path: string) => boolean,
  read: (path: string) => string | undefined,
): string[] {
  const complaints: string[] = []
  for (const [, link = ''] of withoutCode(text).matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)) {
    if (/^[a-z][a-z+.-]*:/i.test(link)) continue

    const [file = '', fragment] = decodeURI(link).split('#')
    const target = file === '' ? path : join(dirname(path), file)
    const headings = fragment === undefined ? undefined : read(target)
    if (!exists(target)) complaints.push(`${path}: ${link} leads nowhere`)
    else if (fragment !== undefined && headings !== undefined && !anchors(headings).has(fragment))
      complaints.push(`${path}: ${link}: no such heading`)
  }

  return complaints
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '')
}

/** Names of the headings as GitHub makes them. */
function anchors(text: string): Set<string> {
  const headings = text.matchAll(/^#{1,6}\s+(.+?)\s*$/gm)

  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
