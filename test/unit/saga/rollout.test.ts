/** Which version a start takes that names none. */
import { describe, expect, it } from 'vitest'
import { partitionOf } from '../../../shared/message/murmur2.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import type { Rollout, Share } from '../../../shared/saga/rollout.ts'
import { fulfil } from '../../support/fulfil.ts'

const versions = (count: number) => Array.from({ length: count }, (_, i) => ({ ...fulfil, version: i + 1 }))
const IDS = Array.from({ length: 20_000 }, (_, i) => `order-${i}`)
const ruled = (count: number, shares: Rollout[string]) =>
  new Definitions(versions(count), { rollout: { fulfil: shares } })
const versionOf = (definitions: Definitions, id: string) => definitions.forStart('fulfil', undefined, id)?.version
const counted = (definitions: Definitions, ids = IDS) => {
  const counts: Record<number, number> = {}
  for (const id of ids) {
    const version = versionOf(definitions, id) ?? 0
    counts[version] = (counts[version] ?? 0) + 1
  }
  return counts
}

describe('a rollout', () => {
  it('gives a version its share of all ids, and the rest to the newest without one', () => {
    const counts = counted(ruled(3, { 3: '10%' }))
    expect(Object.keys(counts)).toEqual(['2', '3'])
    expect((counts[3] ?? 0) / IDS.length).toBeCloseTo(0.1, 2)
    const two = counted(ruled(3, { 2: '20%', 3: '5%' }))
    expect((two[2] ?? 0) / IDS.length).toBeCloseTo(0.2, 2)
    expect((two[3] ?? 0) / IDS.length).toBeCloseTo(0.05, 2)
  })
  it('gives all or none', () => {
    expect(counted(ruled(2, { 2: '0%' }))).toEqual({ 1: IDS.length })
    expect(counted(ruled(2, { 2: '100%' }))).toEqual({ 2: IDS.length })
    expect(Object.keys(counted(ruled(2, { 1: '50%', 2: '50%' })))).toEqual(['1', '2'])
  })
  it('takes the same ids wherever it is asked, and lets none go back as it grows', () => {
    const shares: readonly Share[] = ['1%', '10%', '12.5%', '60%', '100%']
    let before = new Set<string>()
    for (const share of shares) {
      const on = (definitions: Definitions) => IDS.filter((id) => versionOf(definitions, id) === 2)
      const now = on(ruled(2, { 2: share }))
      expect(now).toEqual(on(ruled(2, { 2: share })))
      expect([...before].filter((id) => !now.includes(id))).toEqual([])
      before = new Set(now.slice(0, 200))
    }
  })
  it('reaches every partition alike', () => {
    const definitions = ruled(2, { 2: '0.5%' })
    const partitions = IDS.filter((id) => versionOf(definitions, id) === 2).map((id) => partitionOf(id, 10))
    expect(new Set(partitions).size).toBe(10)
  })
  it('leaves a start alone that names its version, and other definitions', () => {
    const definitions = new Definitions([...versions(2), { ...fulfil, name: 'other' }], {
      rollout: { fulfil: { 2: '100%' } },
    })
    expect(definitions.forStart('fulfil', 1, 'order-1')?.version).toBe(1)
    expect(definitions.forStart('other', undefined, 'order-1')?.name).toBe('other')
    expect(definitions.forStart('none', undefined, 'order-1')).toBeUndefined()
    expect(new Definitions(versions(2)).forStart('fulfil', undefined, 'order-1')?.version).toBe(2)
  })
  it.each<[string, Rollout]>([
    ['a version that is not there', { fulfil: { 3: '1%' } }],
    ['a definition that is not there', { other: { 1: '1%' } }],
    ['more than all', { fulfil: { 1: '60%', 2: '41%' } }],
    ['more than all in one', { fulfil: { 2: '101%' } }],
    ['less than all, where nothing is left for the rest', { fulfil: { 1: '50%', 2: '49%' } }],
    ['what is no share', { fulfil: { 2: '-1%' } }],
    ['a share too fine', { fulfil: { 2: '0.001%' } }],
  ])('refuses %s', (_, rollout) => expect(() => new Definitions(versions(2), { rollout })).toThrow(/^rollout of /))
})
