/** Plans of any shape, written down and read again; hashed, compared and drawn. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { definitionFrom } from '../../shared/client/definition-file.ts'
import { definitionHash } from '../../shared/runtime/definition-hash.ts'
import { changesBetween } from '../../shared/saga/data/changes.ts'
import type { DefinitionData, StepData } from '../../shared/saga/data/data-types.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { definitionData, mappingsOf } from '../../shared/saga/definition-data.ts'
import { mermaidOf } from '../../shared/saga/draw.ts'
import { anyDefinition } from '../support/any-definition.ts'
import { mermaidFaults } from '../support/mermaid-faults.ts'
import { parameters } from './property-runs.ts'

const asRead = <T>(data: T): T => JSON.parse(JSON.stringify(data))

describe('a definition as data', () => {
  it('is JSON, and makes the same definition again, with every function in its place', () => {
    fc.assert(
      fc.property(anyDefinition, (definition) => {
        const data = definitionData(definition)
        expect(asRead(data)).toEqual(data)
        const again = definitionFrom(asRead(data), mappingsOf(definition))
        expect(again).toEqual(definition)
        expect(definitionData(again)).toEqual(data)
        expect(definitionHash(again)).toBe(definitionHash(definition))
      }),
      parameters(300),
    )
  })

  it('can be read with its steps and keys in any order', () => {
    fc.assert(
      fc.property(anyDefinition, fc.infiniteStream(fc.nat()), (definition, chances) => {
        const data = definitionData({ ...definition, compensation: 'parallel' })
        const mixed = shuffled(asRead(data), () => chances.next().value)
        const again = definitionFrom(mixed, mappingsOf(definition))
        expect(definitionHash(again)).toBe(definitionHash({ ...definition, compensation: 'parallel' }))
        expect(changesBetween(data, definitionData(again))).toEqual([])
        for (const plan of plansOf(again)) expect(isOrdered(plan)).toBe(true)
      }),
      parameters(200),
    )
  })
})

describe('a change of one figure', () => {
  it('changes the hash, and is the one difference that is told', () => {
    fc.assert(
      fc.property(anyDefinition, fc.nat(), (definition, n) => {
        const data = definitionData(definition)
        const changed = asRead(data)
        const path = bumped(changed, n)
        fc.pre(path !== undefined)
        const after = definitionFrom(changed, mappingsOf(definition))
        expect(definitionHash(after)).not.toBe(definitionHash(definition))
        expect(changesBetween(data, definitionData(after)).map((change) => change.path)).toEqual([path])
      }),
      parameters(200),
    )
  })
})

describe('a picture', () => {
  it('is a flowchart that declares what it links, each box once, frames closed', () => {
    fc.assert(
      fc.property(anyDefinition, (definition) => {
        expect(mermaidFaults(mermaidOf(definitionData(definition)))).toEqual([])
      }),
      parameters(300),
    )
  })
})

interface Steps {
  readonly steps: readonly StepData[] | Definition['steps']
}

/** Lists by their field; branches by their block. */
const UNORDERED = new Set(['steps', 'after', 'notOn', 'answers', 'roles', 'parallel'])

/** Lists whose order says nothing, and the keys of every record in another order. */
function shuffled(value: unknown, chance: () => number, list = ''): unknown {
  const mix = <T>(all: readonly T[]): T[] => {
    const left = [...all]
    return all.flatMap(() => left.splice(chance() % left.length, 1))
  }
  if (Array.isArray(value)) {
    const all = value.map((one) => shuffled(one, chance))
    return UNORDERED.has(list) ? mix(all) : all
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    mix(Object.entries(value)).map(([key, one]) => [
      key,
      shuffled(one, chance, key === 'branches' && 'type' in value ? String(value.type) : key),
    ]),
  )
}

function plansOf(plan: Steps): Steps[] {
  const inner = plan.steps.flatMap((step) => {
    if ('body' in step) return [step.body]
    return 'branches' in step ? step.branches.flatMap((branch) => ('plan' in branch ? [branch.plan] : [])) : []
  })
  return [plan, ...inner.flatMap(plansOf)]
}

function isOrdered({ steps }: Steps): boolean {
  return steps.every(({ after }, i) => after.every((name) => steps.findIndex((step) => step.name === name) < i))
}

/** Adds one to some figure of some step, at any depth; says which. */
function bumped(data: DefinitionData, n: number): string | undefined {
  const figures = figuresIn(data.steps, '')
  const chosen = figures[n % Math.max(figures.length, 1)]
  if (!chosen) return undefined
  const { record, field, path } = chosen
  record[field] = Number(record[field]) + 1
  return path
}

interface Figure {
  readonly record: Record<string, unknown>
  readonly field: string
  readonly path: string
}

const FIGURES = new Set([
  'timeoutMs',
  'takeUpMs',
  'progressMs',
  'totalMs',
  'attempts',
  'firstDelayMs',
  'maxAgeMs',
  'durationMs',
  'deadlineMs',
  'parallelMax',
  'roundsMax',
])

function figuresIn(value: unknown, path: string): Figure[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value))
    return value.flatMap((one) => figuresIn(one, path.endsWith('[') ? `${path}${one.name}]` : joined(path, one.name)))
  const record = value as Record<string, unknown>
  return Object.entries(record).flatMap(([field, one]) => {
    if (field === 'steps') return figuresIn(one, path)
    if (field === 'branches') return figuresIn(one, `${path}[`)
    if (field === 'retry' || field === 'undo') return figuresIn(one, joined(path, field))
    return FIGURES.has(field) && typeof one === 'number' ? [{ record, field, path: joined(path, field) }] : []
  })
}

function joined(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`
}
