/** A plan and its changes as lines for a person. */
import type { Json } from '../../../shared/message/json.ts'
import type { DefinitionChange } from '../../../shared/saga/data/changes.ts'
import type { BranchData, DefinitionData, PlanData, StepData } from '../../../shared/saga/data/data-types.ts'
import { needsText, spanText, wordsOf } from '../../../shared/saga/data/draw-words.ts'
import { plain } from './plain.ts'

export interface PlanFigures {
  readonly hash: string
  /** How long inboxes must remember its commands; `Infinity`: for ever. */
  readonly rememberedMs: number
}

/** Name, version and hash, what it asks of inboxes, then a line for each step, those inside a block further in. */
export function planText(data: DefinitionData, { hash, rememberedMs }: PlanFigures): string {
  const deadline = data.deadlineMs === undefined ? [] : [`deadline ${spanText(data.deadlineMs)}`]
  const undoing = data.compensation === 'sequential' ? 'undone one step at a time' : 'undone along the reversed graph'
  const head = [
    `${data.name} v${data.version}  sha256 ${hash}`,
    [...deadline, undoing].join(', '),
    inboxText(rememberedMs),
    ...waysText(data),
  ]
  return [...head, ...linesOf(data, '')].map((line) => plain(line)).join('\n')
}

function waysText({ migratesFrom = {} }: DefinitionData): string[] {
  return Object.entries(migratesFrom).map(([from, { renames = {}, keeps = [] }]) => {
    const names = Object.entries(renames).map(([old, name]) => `${old} is ${name}`)
    const kept = keeps.length === 0 ? [] : [`nothing to undo: ${keeps.join(', ')}`]
    return [`sagas are moved from version ${from}`, ...names, ...kept].join('; ')
  })
}

function inboxText(rememberedMs: number): string {
  if (rememberedMs === Number.POSITIVE_INFINITY) return 'inboxes remember for ever: nothing ends it in time'
  return `inboxes remember ${Math.ceil(rememberedMs / DAY_MS)} days, and the time that it may be stuck`
}

const DAY_MS = 86_400_000

function linesOf({ steps }: PlanData, indent: string): string[] {
  return steps.flatMap((step) => [`${indent}${stepLine(step)}`, ...insideOf(step, `${indent}  `)])
}

function insideOf(step: StepData, indent: string): string[] {
  if ('branches' in step) return step.branches.flatMap((branch) => branchLines(branch, indent))
  return 'steps' in step ? linesOf(step, indent) : []
}

function branchLines(branch: BranchData, indent: string): string[] {
  const condition = branch.when === undefined ? '' : `  if ${branch.when}`
  return [`${indent}[${branch.name}]${condition}`, ...linesOf(branch, `${indent}  `)]
}

function stepLine(step: StepData): string {
  const { name, kind, type, after, when } = step
  const needs = needsText(step)
  const parts = [
    name,
    `${kind === 'compensatable' ? '' : `${kind} `}${type}: ${wordsOf(step).join('; ')}`,
    ...(after.length === 0 ? [] : [`after ${needs === '' ? '' : `${needs} of `}${after.join(', ')}`]),
    ...(when === undefined ? [] : [`if ${when}`]),
    ...undoText(step),
  ]
  return parts.join('  ')
}

function undoText(step: StepData): string[] {
  if (step.type !== 'command' && step.type !== 'child') return []
  if (step.undo) return [`undo ${step.undo.command}`]
  return step.type === 'command' && step.byHand !== undefined ? [`undone by hand: ${step.byHand}`] : []
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const

/** One line: `~ charge.timeoutMs: 1000 -> 2000`. */
export function changeText({ kind, path, before, after }: DefinitionChange): string {
  const values = [before, after].flatMap((value) => (value === undefined ? [] : [valueText(value)]))
  return plain(`${SIGNS[kind]} ${path}: ${values.join(' -> ')}`, 200)
}

/** A whole step or branch is named by what it is; its fields are long, and `--json` has them. */
function valueText(value: Json): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if ('type' in value) return `${value.type} step`
  return 'steps' in value ? 'branch' : JSON.stringify(value)
}
