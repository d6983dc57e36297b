/** What a picture of a plan is made of, whatever it is written in: boxes with their words, frames, and arrows. */
import type { CommandData, DefinitionData, PlanData, StepData } from '../data/data-types.ts'
import { needsText, spanText, wordsOf } from '../data/draw-words.ts'
import { sorted } from '../plan-graph.ts'
import { seen } from './label.ts'
import { type Ways, waysOf } from './ways.ts'

/**
 * How a box looks. `pivot` has pointed ends, `child` a double border, `person` slanted sides; what sends nothing is
 * `round`, and a `frame` holds others.
 */
export type Look = 'command' | 'pivot' | 'child' | 'person' | 'round' | 'frame'

export interface Words {
  readonly title: string
  readonly lines: readonly string[]
}

export interface UndoPicture extends Words {
  readonly look: 'command' | 'person'
}

export interface StepPicture extends Words {
  /** `book[hotel].reserve`: unlike any other of the picture. */
  readonly path: string
  readonly step: StepData
  readonly look: Look
  readonly irreversible: boolean
  readonly undo: UndoPicture | undefined
  /** Its branches, or the one plan that it repeats. */
  readonly inside: readonly ScopePicture[]
  /** Something undoes it, or anything in it. */
  readonly hasUndo: boolean
}

export interface PlanPicture {
  readonly steps: readonly StepPicture[]
  readonly ways: Ways
}

export interface ScopePicture extends PlanPicture, Words {
  readonly path: string
}

export interface Picture extends PlanPicture, Words {
  /** What is at the end of the way back. */
  readonly turned: Words
  /** Where sagas of other versions come in. */
  readonly entries: readonly Words[]
}

export function pictureOf(data: DefinitionData): Picture {
  const { name, version, deadlineMs, compensation } = data
  const oneByOne = compensation === 'sequential'
  const deadline = deadlineMs === undefined ? [] : [`turns back after ${spanText(deadlineMs)}`]
  return {
    title: seen(`${name} v${version}`),
    lines: [...deadline, `undone ${oneByOne ? 'one step at a time' : 'along the dashed arrows'}`],
    turned: { title: 'compensated', lines: oneByOne ? ['one undo at a time'] : [] },
    entries: Object.entries(data.migratesFrom ?? {}).map(([from, { renames = {} }]) => ({
      title: seen(`moved from version ${from}`),
      lines: Object.entries(renames).map(([old, now]) => seen(`${old} is ${now}`)),
    })),
    ...planPicture(data, ''),
  }
}

function planPicture({ steps }: PlanData, around: string): PlanPicture {
  const all = sorted(steps).map((step) => stepPicture(step, around === '' ? step.name : `${around}.${step.name}`))
  const undone = new Set(all.filter(({ hasUndo }) => hasUndo).map(({ step }) => step.name))
  const ways = waysOf(
    all.map(({ step }) => step),
    (name) => undone.has(name),
  )
  return { steps: all, ways }
}

function stepPicture(step: StepData, path: string): StepPicture {
  const inside = insideOf(step, path)
  const undo = undoPicture(step)
  const hasUndo = undo !== undefined || inside.some(({ steps }) => steps.some((one) => one.hasUndo))
  const irreversible = step.type === 'command' && step.irreversible === true
  const lines = [...wordsOf(step), ...marksOf(step, irreversible)].map(seen)
  const look = inside.length > 0 || isBlock(step) ? 'frame' : lookOf(step)
  return { path, step, title: seen(step.name), lines, look, irreversible, undo, inside, hasUndo }
}

function isBlock(step: StepData): boolean {
  return 'branches' in step || 'steps' in step
}

function marksOf(step: StepData, irreversible: boolean): string[] {
  const needs = needsText(step)
  return [
    ...(step.kind === 'pivot' ? ['pivot: no way back from here'] : []),
    ...(irreversible ? ['irreversible'] : []),
    ...(needs === '' ? [] : [`begins after ${needs}`]),
    ...(step.when === undefined ? [] : ['on a condition']),
  ]
}

function lookOf(step: StepData): Look {
  if (step.kind === 'pivot') return 'pivot'
  if (step.type === 'child') return 'child'
  if (step.type === 'signal' && step.approval) return 'person'
  return step.type === 'command' ? 'command' : 'round'
}

function undoPicture(step: StepData): UndoPicture | undefined {
  if (step.type !== 'command' && step.type !== 'child') return undefined
  const undo: CommandData | undefined = step.undo
  const title = seen(`undo ${step.name}`)
  if (undo) return { title, lines: [seen(undo.command)], look: 'command' }
  const byHand = step.type === 'command' ? step.byHand : undefined
  return byHand === undefined ? undefined : { title: `${title} by hand`, lines: [seen(byHand)], look: 'person' }
}

function insideOf(step: StepData, path: string): readonly ScopePicture[] {
  if ('steps' in step) return [{ path: `${path}[]`, title: '', lines: [], ...planPicture(step, path) }]
  if (!('branches' in step)) return []
  return step.branches.map((branch, i) => {
    const at = `${path}[${branch.name}]`
    const said = { title: seen(branch.name), lines: [branchWords(step, i)].filter((one) => one !== '') }
    return { path: at, ...said, ...planPicture(branch, at) }
  })
}

function branchWords({ type, branches }: Extract<StepData, { readonly branches: unknown }>, i: number): string {
  if (type === 'attempt') return i === 0 ? 'first' : `if ${seen(branches[i - 1]?.name ?? '')} fails`
  if (type === 'parallel') return ''
  const when = branches[i]?.when
  return when === undefined ? 'else' : `if ${seen(when)}`
}
