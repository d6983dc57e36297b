/** Every link from page to page leads somewhere. */
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { anchors, pages, pageText, ROOT, relativeLinks } from '../support/docs/markdown.ts'

function isBroken(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(ROOT, target))) return true
  if (anchor === undefined) return false
  return statSync(join(ROOT, target)).isDirectory() || !anchors(pageText(target)).includes(anchor)
}

test.each(pages())('the links of %s', (page) => {
  expect(relativeLinks(pageText(page)).filter((link) => isBroken(page, link))).toEqual([])
})

test('links are found, and a broken one is seen', () => {
  expect(relativeLinks(pageText('README.md')).length).toBeGreaterThan(5)
  expect(isBroken('README.md', 'docs/nowhere.md')).toBe(true)
  expect(isBroken('README.md', 'CONTRIBUTING.md#no-such-heading')).toBe(true)
  expect(isBroken('README.md', 'CONTRIBUTING.md#run-it')).toBe(false)
})
