import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withViews } from '../../infra/views/views-text.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import type { TableSpec } from '../../shared/view/table.ts'

const page = readFileSync(new URL('../../docs/views.md', import.meta.url), 'utf8')

it('docs/views.md has every table and column that is read (npm run views)', () => {
  expect(withViews(page)).toBe(page)
  for (const table of Object.values(sagasProjection.tables) as TableSpec[]) {
    const own = page.split(`### kasaga.${table.name}\n`)[1]?.split('\n### ')[0] ?? ''
    for (const column of Object.keys(table.columns)) expect(own).toContain(`| \`${column}\` |`)
  }
})

it('what a column means is taken from its declaration', () => {
  expect(page).toContain('| `held_for` | text | Participant that the current step waits for; null: it does not. |')
})
