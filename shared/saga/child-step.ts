/** The step that starts another saga: commands of Kasaga's own, which are answered when the child is at its end. */
import { CLIENT_COMMAND } from '../message/headers.ts'
import type { Command } from './contract.ts'
import type { ChildStep, Definition, Mapping, PlannedCommand } from './definition.ts'
import { type Duration, durationMs } from './duration.ts'
import { NOTHING } from './plain-schema.ts'
import { COMPENSATION_RETRY, FORWARD_RETRY } from './retry-policy.ts'

/** What becomes of the child when its parent turns back. */
export type ChildUndo = 'compensate' | 'cancel' | 'leave'

export interface ChildWords {
  readonly id?: Mapping
  readonly wait?: boolean
  readonly undo?: ChildUndo
  readonly timeout?: Duration
}

/** A command of Kasaga's own. What it answers is taken as it is: a child's output was made by its definition. */
function ownCommand(
  name: 'start' | 'undo' | 'cancel',
  input: Command<unknown, unknown>['input'],
): Command<unknown, unknown> {
  return { participant: 'kasaga', name, type: CLIENT_COMMAND[name], input }
}

/** What a child step is, but for where it stands. */
export function childBody(
  definition: Definition,
  input: Mapping,
  words: ChildWords,
): Omit<ChildStep, 'name' | 'kind' | 'when' | 'after' | 'needs'> {
  const { id, wait = true, undo = 'compensate', timeout } = words
  return {
    type: 'child',
    child: { definition: definition.name, version: definition.version },
    forward: {
      command: ownCommand('start', definition.input),
      map: input,
      // Kasaga's own logs carry it: it arrives, and a second one would start nothing.
      retry: { ...FORWARD_RETRY, attempts: 1 },
      timeoutMs: timeout === undefined ? null : durationMs(timeout),
    },
    undo: undoOf(undo),
    byHand: undefined,
    id,
    waits: wait,
  }
}

/** How long a child may take to undo itself until it is asked again; asked often enough, a person is called. */
const UNDO_TIMEOUT_MS = durationMs('1 hour')

function undoOf(undo: ChildUndo): PlannedCommand | undefined {
  if (undo === 'leave') return undefined
  const command = ownCommand(undo === 'compensate' ? 'undo' : 'cancel', NOTHING)
  return { command, map: () => null, retry: COMPENSATION_RETRY, timeoutMs: UNDO_TIMEOUT_MS }
}
