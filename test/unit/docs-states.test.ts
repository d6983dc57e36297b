import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withStates } from '../../infra/states/states-text.ts'

it('docs/states.md shows the table that the core decides by (npm run states)', () => {
  const page = readFileSync(new URL('../../docs/states.md', import.meta.url), 'utf8')
  expect(withStates(page)).toBe(page)
})
