/** What a saga is found by, held against its definition and its history: no state, no context, no rules of the core. */
import type { Attributes, EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import type { Json } from '../../shared/message/json.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { must } from './must.ts'
import { foundIn } from './plans/definition.ts'

/** Expects that each event that says a step of the own plan to be done tells what is taken of that step, and no other event does. */
export function foundAsText({ attributes = {} }: Definition, history: readonly EventEnvelope[]): void {
  const taken = Object.entries(attributes).flatMap(([name, { of }]) => (of === undefined ? [] : [{ name, of }]))
  for (const { event } of history) {
    const wanted = new Map<string, string | undefined>()
    for (const { step, output } of doneIn(event))
      for (const { name, of } of taken)
        if (of === step && name.startsWith('fits-')) wanted.set(name, output === undefined ? output : foundIn(output))
    expectFound(event, wanted)
  }
}

function expectFound(event: SagaEvent, wanted: ReadonlyMap<string, string | undefined>): void {
  const told: Attributes = 'attributes' in event ? (event.attributes ?? {}) : {}
  const names = Object.keys(told).sort().join()
  must(names === [...wanted.keys()].sort().join(), () => `${event.type} finds ${names} of ${[...wanted.keys()]}`)
  for (const [name, value] of wanted)
    must(value === undefined || told[name] === value, () => `${name} is ${told[name]}, and the step gave ${value}`)
}

/** Steps of which the event says that they are done, with what they gave; `undefined`: a block, which gives what is in it. */
function doneIn(event: SagaEvent): readonly { readonly step: string; readonly output: Json | undefined }[] {
  switch (event.type) {
    case 'saga-started':
      return (event.given ?? [])
        .filter(({ output }) => output !== undefined)
        .map(({ step, output }) => ({ step, output }))
    case 'step-succeeded':
    case 'step-computed':
    case 'step-resolved':
    case 'wait-ended':
      return [{ step: event.step, output: event.output }]
    case 'block-completed':
      return [{ step: event.step, output: undefined }]
    default:
      return []
  }
}
