/** Forks as they are written, held against the histories of origin and fork: no state, no folding, no rules of the core. */
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import { isWithin, pathParts } from '../../shared/message/step-path.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { must } from './must.ts'

/** Expects that what a fork was given is never asked for nor undone in it, and that it gives on just what is done. */
export function givenAsText(definition: Definition, history: readonly EventEnvelope[]): void {
  const first = history[0]?.event
  const given = first?.type === 'saga-started' ? (first.given ?? []) : []
  for (const { event } of history)
    for (const { step } of given)
      must(!SENT.has(event.type) || !isWithin(stepOf(event), step), () => `${step} was given, and has ${event.type}`)
  for (const [i, { event }] of history.entries())
    if (event.type === 'saga-forked') expectGiven(definition, { before: history.slice(0, i), fork: event })
}

const SENT: ReadonlySet<SagaEvent['type']> = new Set(['step-requested', 'compensation-requested', 'undo-resolved'])

function stepOf(event: SagaEvent): string {
  return 'step' in event && event.step !== null ? (event.step ?? '') : ''
}

type Forked = Extract<SagaEvent, { type: 'saga-forked' }>

function expectGiven(
  definition: Definition,
  { before, fork }: { before: readonly EventEnvelope[]; fork: Forked },
): void {
  const done = doneIn(before)
  const later = laterThan(definition, fork.from)
  const wanted = [...done.keys()].filter((name) => name !== fork.from && !later.has(name)).sort()
  const names = fork.given.map(({ step }) => step).sort()
  const turned = before.some(({ event }) => event.type === 'compensation-started' && event.scope === undefined)
  const unwanted = names.filter((name) => !wanted.includes(name))
  must(unwanted.length === 0, () => `a fork from ${fork.from} is given ${unwanted.join()}`)
  must(turned || names.length === wanted.length, () => `a fork from ${fork.from} is given ${names} of ${wanted}`)
  for (const { step, output } of fork.given) {
    const told = done.get(step)
    must(
      told === undefined || told === JSON.stringify(output),
      () => `${step} gave ${told}, and the fork is given ${output}`,
    )
    must(!before.some(({ event }) => UNDOING.has(event.type) && stepOf(event) === step), () => `${step} was undone`)
  }
}

const UNDOING: ReadonlySet<SagaEvent['type']> = new Set(['compensation-requested', 'undo-resolved'])

/** Steps of the saga's own plan that are done, with what they gave as JSON; `undefined`: a block, which gives what is in it. */
function doneIn(history: readonly EventEnvelope[]): Map<string, string | undefined> {
  const done = new Map<string, string | undefined>()
  for (const { event } of history) {
    if (event.type === 'saga-started')
      for (const { step, output } of event.given ?? []) done.set(step, JSON.stringify(output))
    if (event.type === 'saga-migrated') moveAll(done, event)
    const path = stepOf(event)
    if (path === '' || pathParts(path).length > 1) continue
    if (event.type === 'block-completed') done.set(path, undefined)
    else if (event.type === 'step-skipped') done.set(path, undefined)
    else if (DONE.has(event.type) && 'output' in event) done.set(path, JSON.stringify(event.output))
  }
  return done
}

/** A move gives steps other names, and other outputs. */
function moveAll(done: Map<string, string | undefined>, event: Extract<SagaEvent, { type: 'saga-migrated' }>): void {
  const { renames = {}, outputs = {} } = event
  const moved = Object.entries(renames).flatMap(([from, to]) => {
    const known = done.has(from) ? [[to, done.get(from)] as const] : []
    done.delete(from)
    return known
  })
  for (const [name, output] of [
    ...moved,
    ...Object.entries(outputs).map(([name, one]) => [name, JSON.stringify(one)] as const),
  ])
    done.set(name, output)
}

const DONE: ReadonlySet<SagaEvent['type']> = new Set(['step-succeeded', 'step-computed', 'step-resolved', 'wait-ended'])

function laterThan({ steps }: Definition, from: string): Set<string> {
  const later = new Set<string>()
  for (const { name, after } of steps) if (after.some((one) => one === from || later.has(one))) later.add(name)
  return later
}
