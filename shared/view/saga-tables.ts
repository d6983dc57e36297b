/** Tables of the `sagas` projection: every saga, its steps in both directions, and its history with offsets. */
import { lockReading } from './lock-standing.ts'
import { statusReading } from './status-reading.ts'
import { along, bigint, boolean, double, first, int, noted, offset, type RowOf, summed, table, text } from './table.ts'

export const sagas = table('sagas', {
  key: ['saga_id'],
  columns: {
    saga_id: text,
    /** Null when the saga's start could not be read. */
    definition: first(text),
    /** Of the plan that it runs on now. */
    version: int,
    /** A `SagaStatus`: `stuck` while anything is parked, else the phase; null only when nothing of the saga could be read. */
    status: text,
    /** A `SagaPhase`. */
    phase: text,
    /** What is parked, and what is needed to tell how long: see shared/view/standing.ts. */
    standing: noted,
    /** The step that began last; others may be under way. */
    current_step: text,
    /** `forward` or `compensate`. */
    direction: along('current_step', text),
    attempt: along('current_step', int),
    /** When the attempt, or the wait, is given up. */
    timeout_at: along('current_step', bigint),
    /** When the current step is tried again. */
    retry_at: along('current_step', bigint),
    /** Name of the signal that the current step waits for, or `time`; null: it does not wait. */
    awaits: along('current_step', text),
    /** Participant that the current step waits for; null: it does not. */
    held_for: along('current_step', text),
    /** Why it turned back: rejected, failed, cancelled, deadline or parent. */
    cause: text,
    cause_step: along('cause', text),
    cause_code: along('cause', text),
    cause_message: along('cause', text),
    /** What was parked last; gone once nothing is. */
    stuck_step: along('status', text),
    error_code: along('status', text),
    error_message: along('status', text),
    input_hash: first(text),
    /** Hash of the plan that it runs on; null: its log does not say. */
    definition_hash: text,
    deadline_at: first(bigint),
    /** The step that is the pivot of the plan that it runs on, empty: it has none; null: its log does not say. */
    pivot: text,
    /** 0 to 9, 9 is first. */
    priority: first(int),
    seq: int,
    partition: first(int),
    started_at: first(bigint),
    updated_at: bigint,
    /** Gone when a child saga turns back after its end. */
    ended_at: along('phase', bigint),
    /** The saga that started it, and the step of it. */
    parent_saga_id: first(text),
    parent_step: first(text),
    /** The saga that it is a fork of, and the step from which. */
    origin_saga_id: first(text),
    origin_step: first(text),
    /** What must not happen and did: `killed`. */
    incident: text,
    incident_actor: along('incident', text),
    incident_reason: along('incident', text),
    /** Why an event of the saga could not be read; null: all could. */
    quarantined: first(text),
    cancel_requested: boolean,
  },
  indexes: [['started_at', 'saga_id']],
  serverIndexes: [['status', 'started_at', 'saga_id'], ['ended_at']],
  reading: statusReading,
})

export const steps = table('steps', {
  key: ['saga_id', 'step', 'direction'],
  columns: {
    saga_id: text,
    /** Its path: `charge`, `parcels[3].label`. A scope that turned back, `parcels[3]`, has a row of its own. */
    step: text,
    /** `forward` or `compensate`. */
    direction: text,
    /**
     * requested, progressed, succeeded, rejected, retrying or failed; held: it waits for its participant, and also in a
     * saga or scope that has turned back since, and of a step that is parked since: see `heldSteps`; without a command:
     * waiting, succeeded or skipped;
     * a block: open or succeeded; undone by hand: resolved; done by the origin of a
     * fork: given; a scope that turned back: undoing or succeeded.
     */
    status: text,
    /** parallel, choose, attempt, each or repeat; null: the step is no block. */
    block: text,
    /** The saga that it started. */
    child_saga_id: text,
    /** The lock that it asks for: its resource. */
    lock_resource: text,
    /** The name under which it goes on, in a row of its own, since the saga was moved to another version. */
    renamed_to: text,
    attempts: int,
    participant: text,
    /** What it is counted under beside its participant. */
    limit_key: text,
    command_type: text,
    requested_at: first(bigint),
    attempt_at: bigint,
    finished_at: along('status', bigint),
    timeout_at: along('status', bigint),
    retry_at: along('status', bigint),
    /** When its timer is due, of which kind ever: a time of the attempt, the next attempt, the end of a wait; null: it has none. */
    due_at: along('status', bigint),
    /** Name of the signal that the step waits for, or `time`; null: it does not wait. */
    awaits: along('status', text),
    /** Since when it waits for its participant. */
    held_at: along('status', bigint),
    error_code: along('status', text),
    error_message: along('status', text),
    /** The attempt whose answer decided; null: none has, or it was silence that did. */
    answered: along('status', int),
    /** How many attempts were not answered in time, and the newest of them. */
    timeouts: summed,
    timed_out: int,
    /** What its participant said last while it was at work: JSON text, cut where it is long. */
    progress: text,
    progress_at: along('progress', bigint),
    /** Characters of the whole, where it was cut. */
    progress_cut_from: along('progress', int),
    /** Seq of its first event: the order of the steps in the saga's life. */
    first_seq: first(int),
  },
  // Of what waits, and nothing else: it is null in all other rows, and stays so.
  serverIndexes: [['held_at']],
  serverRanges: ['finished_at'],
})

export const events = table('events', {
  key: ['saga_id', 'seq'],
  appendOnly: true,
  columns: {
    saga_id: text,
    seq: int,
    type: text,
    at: bigint,
    causation_id: text,
    topic: text,
    partition: int,
    offset: offset,
    /** The event's data as JSON text, kept as it is: a jsonb would refuse some of what a log may hold. */
    data: text,
  },
})

/** What persons have asked of sagas: one row for each event that names who. */
export const acts = table('acts', {
  key: ['saga_id', 'seq'],
  appendOnly: true,
  columns: {
    saga_id: text,
    /** Of the event. */
    seq: int,
    /** Type of the event. */
    type: text,
    at: bigint,
    actor: text,
    /** Why it was asked; of what was refused, why it was. */
    reason: text,
    request_id: text,
    /** Path of the step that it was about; null: the saga. */
    step: text,
  },
  indexes: [['at', 'saga_id', 'seq']],
})

/** What sagas can be found by: one row for each attribute of a saga, written with its start or when a step is done. */
export const sagaAttributes = table('saga_attributes', {
  key: ['saga_id', 'name'],
  columns: {
    saga_id: text,
    name: text,
    /** text, number or boolean */
    type: text,
    /** As it is asked for: the text itself, a number as JSON writes it, true or false. */
    value: text,
    /** The same as a number, to compare and to sum; null where it is none. */
    number: along('value', double),
  },
  indexes: [['name', 'value']],
  serverIndexes: [['name', 'number']],
})

/** One row for each lock that was ever asked for. */
export const locks = table('locks', {
  key: ['resource'],
  columns: {
    resource: text,
    /** Who holds it and who waits: see shared/view/lock-standing.ts. */
    asks: noted,
    /** How many sagas hold it, and how many wait. */
    holders: int,
    waiters: int,
    /** How many may hold it, as they said who asked last. */
    permits: int,
    /** The newest that was given. */
    token: bigint,
    seq: int,
    partition: first(int),
    updated_at: bigint,
    /** Why an event of it could not be read; null: all could. */
    quarantined: first(text),
  },
  reading: lockReading,
})

export type ActRow = RowOf<typeof acts>
export type LockRow = RowOf<typeof locks>
export type AttributeRow = RowOf<typeof sagaAttributes>
export type SagaRow = RowOf<typeof sagas>
export type StepRow = RowOf<typeof steps>
export type EventRow = RowOf<typeof events>
