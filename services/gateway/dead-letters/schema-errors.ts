/** What is wrong with a value against the schema that its reader holds it against, place by place. */
import type { ZodType } from 'zod'
import type { SchemaError } from '../../../shared/client/dead-letter-api.ts'
import { messageOf } from '../../../shared/message/errors.ts'
import type { Json } from '../../../shared/message/json.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import type { SagaInput } from '../../../shared/saga/input.ts'
import { isSending, sendingStepAt, signalSteps, stepAt } from '../../../shared/saga/plan-tree.ts'
import { presentPath } from '../../../shared/saga/sent-as.ts'
import type { SagaState } from '../../../shared/saga/state.ts'
import { stepAt as stateOfStep } from '../../../shared/saga/tree.ts'

/** Errors that are told of one value. */
const ERRORS_TOLD_MAX = 20
const MESSAGE_CHARS_MAX = 300

export interface SchemaErrors {
  readonly errors: SchemaError[]
  readonly errorsTotal: number
}

export const NO_ERRORS: SchemaErrors = { errors: [], errorsTotal: 0 }

/** Schemas hold user code too: one that throws says no. */
export function schemaErrors(schema: ZodType<unknown>, value: unknown): SchemaErrors {
  try {
    const checked = schema.safeParse(value)
    if (checked.success) return NO_ERRORS
    const issues = checked.error.issues ?? []
    if (issues.length === 0) return oneError(checked.error.message)
    const errors = issues.slice(0, ERRORS_TOLD_MAX).map(({ path, message }) => errorAt(path, message))
    return { errors, errorsTotal: issues.length }
  } catch (error) {
    return oneError(`the schema threw: ${messageOf(error)}`)
  }
}

function oneError(message: string): SchemaErrors {
  return { errors: [errorAt([], message)], errorsTotal: 1 }
}

function errorAt(path: readonly PropertyKey[], message: string): SchemaError {
  return { path: pathText(path), message: message.slice(0, MESSAGE_CHARS_MAX) }
}

/** `lines[0].quantity`; empty: the value itself. */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')
}

/** The schemas that an input's value is held against. Where it is held against none, or fits, there are no errors. */
export function errorsOfInput(
  input: SagaInput,
  definition: Definition | undefined,
  state: SagaState | undefined,
): SchemaErrors {
  for (const [schema, value] of heldAgainst(input, definition, state)) {
    const found = schemaErrors(schema, value)
    if (found.errorsTotal > 0) return found
  }
  return NO_ERRORS
}

type Held = readonly (readonly [schema: ZodType<unknown>, value: Json])[]

function heldAgainst(input: SagaInput, definition: Definition | undefined, state: SagaState | undefined): Held {
  if (!definition) return []
  switch (input.kind) {
    case 'start':
      return [[definition.input, input.input]]
    case 'signal':
      return signalSteps(definition)
        .filter((step) => step.signal.name === input.name)
        .map((step) => [step.signal.payload, input.payload])
    case 'reply':
      return state && input.outcome === 'success' ? resultSchema(definition, presentPath(state, input.step), input) : []
    case 'skip':
    case 'resolve':
      return resultSchema(definition, input.step, { body: input.output ?? null, direction: 'forward' })
    case 'edit':
      return editSchema(definition, state, input)
    default:
      return []
  }
}

function resultSchema(
  definition: Definition,
  path: string,
  { body, direction }: { readonly body: Json; readonly direction: 'forward' | 'compensate' },
): Held {
  const step = stepAt(definition, path)
  if (step?.type === 'signal') return [[step.signal.payload, body]]
  if (!step || !isSending(step)) return []
  const output = direction === 'forward' ? step.forward.command.output : undefined
  return output ? [[output, body]] : []
}

/** Of a step whose undo waits for a person it is the undo that is edited. */
function editSchema(
  definition: Definition,
  state: SagaState | undefined,
  { step: path, payload }: { readonly step: string; readonly payload: Json },
): Held {
  const step = sendingStepAt(definition, path)
  const isUndo = state && stateOfStep(state, path)?.status === 'undo-failed'
  const planned = isUndo ? step?.undo : step?.forward
  return planned ? [[planned.command.input, payload]] : []
}
