/** A plan as data: whole, JSON, comparable; and as a picture whose every name is one that it declares. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { saga } from '../../../shared/saga/builder.ts'
import { changesBetween, definitionData } from '../../../shared/saga/definition-data.ts'
import { mermaidOf } from '../../../shared/saga/draw.ts'
import { definitionOf, Faults, planShape } from '../../property/saga-plans.ts'
import { approved } from '../../support/approved.ts'
import { bank, fulfil } from '../../support/fulfil.ts'

const begin = () => saga('s', { version: 1, input: z.object({ id: z.string(), cents: z.int() }) })
const charged = (attempts: number, timeout: number) =>
  begin().step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }), {
    retry: { attempts },
    timeout,
  })

describe('a definition as data', () => {
  it('says of each step what it does, and its undo', () => {
    const { steps, deadlineMs } = definitionData(fulfil)
    expect(deadlineMs).toBe(3_600_000)
    expect(steps.map(({ name, kind, type }) => [name, kind, type])).toEqual([
      ['stock', 'compensatable', 'command'],
      ['charge', 'compensatable', 'command'],
      ['ship', 'pivot', 'command'],
      ['notify', 'retriable', 'command'],
    ])
    expect(steps[1]).toMatchObject({ command: 'bank.charge.v1', timeoutMs: 5_000, undo: { command: 'bank.refund.v1' } })
  })
  it('says what is waited for, and what is conditional', () => {
    const waits = {
      type: 'signal',
      signal: 'approval',
      deadlineMs: 86_400_000,
      onDeadline: 'turn-back',
      conditional: true,
    }
    expect(definitionData(approved).steps[1]).toMatchObject(waits)
  })
  it('is JSON, and equal for equal definitions', () => {
    fc.assert(
      fc.property(planShape, (shape) => {
        const [one, two] = [shape, shape].map((same) => definitionData(definitionOf(same, new Faults([]))))
        expect(JSON.parse(JSON.stringify(one))).toEqual(two)
      }),
      { numRuns: 200 },
    )
  })
})

describe('two versions', () => {
  it('that are the same differ in nothing', () => {
    expect(changesBetween(definitionData(fulfil), definitionData(fulfil))).toEqual([])
  })
  it('differ by field, and by the order of their steps', () => {
    const before = definitionData(charged(3, 1_000).end())
    const after = definitionData(
      charged(3, 2_000)
        .local('more', () => 1)
        .end(),
    )
    expect(changesBetween(before, after)).toEqual([
      { path: 'steps', before: ['charge'], after: ['charge', 'more'] },
      { path: 'charge.timeoutMs', before: 1_000, after: 2_000 },
    ])
    expect(changesBetween(before, definitionData(charged(4, 1_000).end())).map(({ path }) => path)).toEqual([
      'charge.retry',
    ])
  })
})

describe('a picture', () => {
  it('has the way forward, and the way back from the last undo to the first', () => {
    const picture = mermaidOf(definitionData(fulfil))
    for (const link of [
      'start --> s0',
      's2 --> s3',
      's3 --> done',
      'u1 -.-> u0',
      'u0 -.-> back',
      's2 -. rejected .-> u1',
    ])
      expect(picture).toContain(`  ${link}\n`)
  })
  it('shows conditions and waits', () => {
    expect(mermaidOf(definitionData(approved))).toContain('s0 -- if --> s1')
    expect(mermaidOf(definitionData(approved))).toContain('waits for approval, at most 1 d')
  })
  it('links nothing that it does not declare', () => {
    fc.assert(
      fc.property(planShape, (shape) => {
        const lines = mermaidOf(definitionData(definitionOf(shape, new Faults([]))))
          .split('\n')
          .slice(1, -1)
        const declared = new Set(lines.flatMap((line) => /^ {2}(\w+)[[({]/.exec(line)?.[1] ?? []))
        const linked = lines.flatMap((line) => /^ {2}(\w+) -.*> (\w+)$/.exec(line)?.slice(1) ?? [])
        expect(linked.filter((name) => !declared.has(name))).toEqual([])
        expect(linked.length).toBeGreaterThan(0)
      }),
      { numRuns: 200 },
    )
  })
})
