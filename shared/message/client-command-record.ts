/** What clients and persons ask, as records on the commands topic. Written by anyone; read in client-command-reader.ts. */
import type { GivenStep, OriginLink, ParentLink } from './events.ts'
import { CLIENT_COMMAND, H, rfc3339 } from './headers.ts'
import type { SagaId } from './ids.ts'
import type { Json } from './json.ts'
import type { Priority } from './priority.ts'
import type { NewRecord } from './record.ts'

export interface Request {
  readonly sagaId: SagaId
  /** The record's `ce_id`: repeated, it has no second effect. */
  readonly requestId: string
}

export interface PersonsAct extends Request {
  /** Who asks: `ce_actor`, else the record's source. */
  readonly actor: string
  /** Empty when none is given; a kill has one. */
  readonly reason: string
}

/** The step of a parent saga that asks for something of its child. */
export type ParentStep = Pick<ParentLink, 'sagaId' | 'step' | 'attempt'>

export type ClientCommand =
  | (Request & {
      readonly kind: 'start'
      readonly definition: string
      /** Absent: the newest. */
      readonly version: number | undefined
      /** Absent: what the definition says. */
      readonly priority?: Priority | undefined
      readonly input: Json
      /** The saga that starts it as its child. */
      readonly parent?: ParentLink | undefined
      /** Of a fork: the saga that it comes from, and what it is given of it. */
      readonly origin?: OriginLink | undefined
      readonly given?: readonly GivenStep[] | undefined
    })
  | (Request & {
      readonly kind: 'signal'
      readonly name: string
      readonly payload: Json
      /** Who answers, where the signal is an answer to an approval. */
      readonly actor?: string | undefined
      /** What that one says to be. */
      readonly roles?: readonly string[] | undefined
    })
  | (PersonsAct & { readonly kind: 'cancel' | 'kill' | 'resume' })
  /** Absent: its timers are held. */
  | (PersonsAct & { readonly kind: 'pause'; readonly timers?: 'hold' | 'run' | undefined })
  | (PersonsAct & { readonly kind: 'migrate'; readonly toVersion: number })
  /** Of one parked step, or of all. */
  | (PersonsAct & { readonly kind: 'retry'; readonly step?: string | undefined })
  | (PersonsAct & {
      readonly kind: 'resolve'
      readonly step: string
      /** Absent: undone. */
      readonly as?: ResolvedAs | undefined
      /** What the step gave, where it is said to be done; absent: null. */
      readonly output?: Json | undefined
    })
  | (PersonsAct & {
      readonly kind: 'skip'
      readonly step: string
      readonly output: Json
      readonly notDone?: boolean | undefined
    })
  | (PersonsAct & { readonly kind: 'edit'; readonly step: string; readonly payload: Json })
  /** Another saga is to go on from a step of this one; input and version: absent, the origin's own. */
  | (PersonsAct & {
      readonly kind: 'fork'
      readonly step: string
      readonly fork: SagaId
      readonly input?: Json | undefined
      readonly version?: number | undefined
    })
  /** A parent saga undoes the step that started this one. */
  | (Request & { readonly kind: 'undo'; readonly parent: ParentStep })

/** What a person knows of a step. */
export type ResolvedAs = 'undone' | 'done' | 'failed'

/** What a person asks for, giving a name and a reason. */
export type ActKind = Extract<ClientCommand, PersonsAct>['kind']

export interface CommandStamp {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly source: string
}

/** Writes a client command. The same command and stamp give the same bytes. */
export function clientCommandRecord(command: ClientCommand, stamp: CommandStamp): NewRecord {
  return {
    key: command.sagaId,
    value: textOf(command),
    headers: [
      [H.specversion, '1.0'],
      [H.contentType, 'application/json'],
      [H.id, command.requestId],
      [H.type, CLIENT_COMMAND[command.kind]],
      [H.source, stamp.source],
      [H.time, rfc3339(stamp.at)],
      [H.sagaId, command.sagaId],
      ...ownHeaders(command),
    ],
  }
}

function textOf(command: ClientCommand): string {
  switch (command.kind) {
    case 'start': {
      const { input, origin, given = [] } = command
      return JSON.stringify(origin ? { input, given } : input)
    }
    case 'fork':
      return JSON.stringify(command.input === undefined ? {} : { input: command.input })
    case 'signal':
    case 'edit':
      return JSON.stringify(command.payload)
    case 'skip':
    case 'resolve':
      return JSON.stringify(command.output ?? null)
    default:
      return 'null'
  }
}

type Header = readonly [string, string]

function ownHeaders(command: ClientCommand): readonly Header[] {
  switch (command.kind) {
    case 'start': {
      const { definition, version, priority, parent, origin } = command
      return [
        [H.sagaType, definition],
        ...(version === undefined ? [] : [[H.sagaVersion, String(version)] as const]),
        ...(priority === undefined ? [] : [[H.priority, String(priority)] as const]),
        ...(parent ? [...parentHeaders(parent), [H.parentWaits, String(parent.waits)] as const] : []),
        ...(origin ? originHeaders(origin) : []),
      ]
    }
    case 'signal':
      return [[H.signal, command.name], ...senderHeaders(command)]
    case 'retry':
      return [...(command.step === undefined ? [] : [[H.stepId, command.step] as const]), ...personHeaders(command)]
    case 'resolve': {
      const { as } = command
      return [
        [H.stepId, command.step],
        ...(as === undefined ? [] : [[H.resolvedAs, as] as const]),
        ...personHeaders(command),
      ]
    }
    case 'skip':
      return [[H.stepId, command.step], [H.notDone, String(command.notDone === true)], ...personHeaders(command)]
    case 'migrate':
      return [[H.sagaVersion, String(command.toVersion)], ...personHeaders(command)]
    case 'pause':
      return [[H.timers, command.timers ?? 'hold'], ...personHeaders(command)]
    case 'edit':
      return [[H.stepId, command.step], ...personHeaders(command)]
    case 'fork': {
      const { step, fork, version } = command
      const named = version === undefined ? [] : [[H.sagaVersion, String(version)] as const]
      return [[H.stepId, step], [H.fork, fork], ...named, ...personHeaders(command)]
    }
    case 'undo':
      return parentHeaders(command.parent)
    default:
      return personHeaders(command)
  }
}

function senderHeaders({ actor, roles = [] }: { actor?: string | undefined; roles?: readonly string[] | undefined }) {
  const headers: Header[] = []
  if (actor !== undefined) headers.push([H.actor, actor])
  if (roles.length > 0) headers.push([H.roles, roles.join(',')])
  return headers
}

function personHeaders({ actor, reason }: PersonsAct): readonly Header[] {
  return [
    [H.actor, actor],
    [H.reason, reason],
  ]
}

function parentHeaders({ sagaId, step, attempt }: ParentStep): readonly Header[] {
  return [
    [H.parentSagaId, sagaId],
    [H.parentStepId, step],
    [H.parentAttempt, String(attempt)],
  ]
}

function originHeaders({ sagaId, step, seq, actor, reason }: OriginLink): readonly Header[] {
  return [
    [H.originSagaId, sagaId],
    [H.originStepId, step],
    [H.originSequence, String(seq)],
    ...(actor === undefined ? [] : [[H.actor, actor] as const]),
    ...(reason === undefined ? [] : [[H.reason, reason] as const]),
  ]
}
