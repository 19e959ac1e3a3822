import { describe, expect, test } from 'vitest'
import { brokenLinks } from './links.ts'

const files = new Map([
  ['README.md', '# Portolan\n## Two commands, no more\n'],
  ['docs/guide.md', ''],
])
const complaints = (path: string, text: string) =>
  brokenLinks(
    path,
    text,
    (target) => files.has(target),
    (target) => files.get(target),
  )

describe('links in documents', () => {
  test('a link to a file beside, above and to the web is fine', () => {
    const text = '[a](guide.md) [b](../README.md) [c](https://example.org/x)'

    expect(complaints('docs/other.md', text)).toEqual([])
  })

  test('a link to nowhere is named with its document', () => {
    expect(complaints('README.md', '[a](docs/gone.md)')).toEqual(['README.md: docs/gone.md leads nowhere'])
  })

  test('a fragment must be a heading of its target', () => {
    expect(complaints('docs/guide.md', '[a](../README.md#two-commands-no-more)')).toEqual([])
    expect(complaints('docs/guide.md', '[a](../README.md#three)')).toHaveLength(1)
  })

  test('what stands in code is no link', () => {
    expect(complaints('README.md', '`[a](b.md)`\n\n```\n[a](b.md)\n```\n')).toEqual([])
  })
})
