/** Header names of the wire contract (CloudEvents 1.0, Kafka binary mode). Written once, here. */

export const H = {
  specversion: 'ce_specversion',
  id: 'ce_id',
  type: 'ce_type',
  source: 'ce_source',
  time: 'ce_time',
  subject: 'ce_subject',
  sagaId: 'ce_sagaid',
  sagaType: 'ce_sagatype',
  sagaVersion: 'ce_sagaversion',
  stepId: 'ce_stepid',
  direction: 'ce_direction',
  attempt: 'ce_attempt',
  idempotencyKey: 'ce_idempotencykey',
  commandId: 'ce_commandid',
  replyTo: 'ce_replyto',
  deadline: 'ce_deadline',
  outcome: 'ce_outcome',
  errorCode: 'ce_errorcode',
  retryAfterMs: 'ce_retryafterms',
  signal: 'ce_signal',
  actor: 'ce_actor',
  reason: 'ce_reason',
  /** What a person knows of the step: `undone`, `done` or `failed`. */
  resolvedAs: 'ce_resolvedas',
  /** `hold` or `run`: what becomes of the times of a paused saga. */
  timers: 'ce_timers',
  /** `0` to `9`: whose steps are sent first where calls are limited. */
  priority: 'ce_priority',
  /** `true`: nothing of the skipped step is to be undone. */
  notDone: 'ce_notdone',
  /** What the sender says to be: nobody checks it. Names with commas between them. */
  roles: 'ce_roles',
  /** Of a child saga's command: the saga that started it, and the step of it. */
  parentSagaId: 'ce_parentsagaid',
  parentStepId: 'ce_parentstepid',
  parentAttempt: 'ce_parentattempt',
  /** `true` or `false`: whether the parent waits for the child's end. */
  parentWaits: 'ce_parentwaits',
  /** Of an ask for a lock: how many sagas may hold it at the same time. */
  permits: 'ce_permits',
  /** Of an act that asks for a fork: the new saga. */
  fork: 'ce_fork',
  /** Of a fork's start: the saga that it comes from, the step, and the event that says so. */
  originSagaId: 'ce_originsagaid',
  originStepId: 'ce_originstepid',
  originSequence: 'ce_originsequence',
  sequence: 'ce_sequence',
  causationId: 'ce_causationid',
  /** Of an event: hash over it and the hash of the event before, of the same saga or lock. */
  chain: 'ce_chain',
  contentType: 'content-type',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
} as const

/** Context attributes that belong to one message and are never echoed; every other `ce_*` header is an extension. */
export const CORE_ATTRIBUTES: ReadonlySet<string> = new Set([
  H.specversion,
  H.id,
  H.type,
  H.source,
  H.time,
  H.subject,
  'ce_datacontenttype',
  'ce_dataschema',
])

/** How a participant answered. */
export type Outcome = 'success' | 'rejected' | 'failed' | 'fatal' | 'progress'

const OUTCOMES: ReadonlySet<string> = new Set(['success', 'rejected', 'failed', 'fatal', 'progress'])

export function isOutcome(text: string | undefined): text is Outcome {
  return text !== undefined && OUTCOMES.has(text)
}

/** Types of the commands that clients send; `undo` only ever comes from the owner of a parent saga. */
export const CLIENT_COMMAND = {
  start: 'kasaga.start.v1',
  signal: 'kasaga.signal.v1',
  cancel: 'kasaga.cancel.v1',
  retry: 'kasaga.retry.v1',
  resolve: 'kasaga.resolve.v1',
  skip: 'kasaga.skip.v1',
  edit: 'kasaga.edit.v1',
  fork: 'kasaga.fork.v1',
  pause: 'kasaga.pause.v1',
  resume: 'kasaga.resume.v1',
  migrate: 'kasaga.migrate.v1',
  kill: 'kasaga.kill.v1',
  undo: 'kasaga.undo.v1',
} as const

/** Types of the commands to locks, which come from the owners of sagas; `unlock` also from persons. */
export const LOCK_COMMAND = { lock: 'kasaga.lock.v1', unlock: 'kasaga.unlock.v1' } as const

let lastMs = Number.NaN
let lastText = ''

/** RFC 3339 in UTC. The last text is kept: records of one turn share their time. */
export function rfc3339(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString()
    lastMs = ms
  }
  return lastText
}
