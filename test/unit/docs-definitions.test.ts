/** The definition that docs/definitions.md shows as JSON is sound, and is the one that its code makes. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { definitionFrom, readPlan } from '../../shared/client/definition-file.ts'
import { definitionHash } from '../../shared/runtime/definition-hash.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { definitionData, mappingsOf } from '../../shared/saga/definition-data.ts'
import { mermaidOf } from '../../shared/saga/draw.ts'
import { fences, namesInTables, pageText, ROOT } from '../support/docs/markdown.ts'
import { everyKind } from '../support/every-kind.ts'
import { mermaidFaults } from '../support/mermaid-faults.ts'

const page = pageText('docs/definitions.md')

test('the JSON is a sound definition, written as it is read', () => {
  const [shown] = fences(page).filter(({ info }) => info === 'json')
  const json = JSON.parse(shown?.text ?? '')
  const read = readPlan(json)
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.faults))
  expect(definitionData(read.definition)).toEqual(json)
  // The page prints the hash of the definition in code: both are one plan.
  const [printed] = fences(page).filter(({ info }) => info === 'text')
  expect(printed?.text.split('\n')[0]).toBe(definitionHash(read.definition))
})

test('the table has every type of step, and every field of it', () => {
  const told = new Set(namesInTables(page, '## A whole one'))
  const types = new Set(everyKind.steps.map(({ type }) => type))
  expect([...types, 'command'].filter((type) => !told.has(type))).toEqual([])
  const place = new Set(['name', 'kind', 'after', 'needs', 'when', 'type', 'steps', 'output'])
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const missing = definitionData(everyKind).steps.flatMap((step) => {
    const row = rows.find((line) => line.startsWith(`| \`${step.type}\` |`)) ?? ''
    return Object.keys(step)
      .filter((field) => !place.has(field) && !row.includes(`\`${field}`))
      .map((field) => `${step.type}.${field}`)
  })
  expect(missing).toEqual([])
})

const EXAMPLES = join(ROOT, 'docs/examples')
const isDefinition = (value: unknown): value is Definition =>
  typeof value === 'object' && value !== null && 'steps' in value && 'compensation' in value

describe('sagas of the examples, as the builder makes them, are the same when written and read, and can be drawn', () => {
  const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.ts'))
  test.each(files)('%s', async (file) => {
    const exported: Record<string, unknown> = await import(pathToFileURL(join(EXAMPLES, file)).href)
    const definitions = Object.values(exported).filter(isDefinition)
    expect(definitions.length).toBeGreaterThan(0)
    for (const definition of definitions) {
      const written = JSON.parse(JSON.stringify(definitionData(definition)))
      expect(definitionFrom(written, mappingsOf(definition))).toEqual(definition)
      expect(mermaidFaults(mermaidOf(written))).toEqual([])
    }
  })
})
