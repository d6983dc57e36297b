/** Every metric that Kasaga has: its kind, what it tells, and its labels. What is not here is not exported. */

export interface DocumentedMetric {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram's buckets, in the unit that the name ends in. */
  readonly buckets?: readonly number[]
}

const MS_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]
const RECORD_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]

const counter = (help: string, ...labels: string[]): DocumentedMetric => ({ kind: 'counter', help, labels })
const gauge = (help: string, ...labels: string[]): DocumentedMetric => ({ kind: 'gauge', help, labels })
const ms = (help: string, ...labels: string[]): DocumentedMetric => ({
  kind: 'histogram',
  help,
  labels,
  buckets: MS_BUCKETS,
})
const records = (help: string, ...labels: string[]): DocumentedMetric => ({
  kind: 'histogram',
  help,
  labels,
  buckets: RECORD_BUCKETS,
})

export const DOCUMENTED_METRICS: Readonly<Record<string, DocumentedMetric>> = {
  kasaga_batches_total: counter('Batches that landed where their owner expected them.'),
  kasaga_events_total: counter('Events that landed.'),
  kasaga_sagas_killed_total: counter('Sagas that a person ended with nothing undone: each is an incident.'),
  kasaga_inputs_ignored_total: counter('Inputs that changed nothing, by reason.', 'reason'),
  kasaga_dead_letters_redriven_total: counter(
    'Dead letters that were put back where they came from, by reason and how (`as it came`, `edited`).',
    'reason',
    'how',
  ),
  kasaga_dead_letters_total: counter('Records that could not be used, by service and reason.', 'service', 'reason'),
  kasaga_take_overs_total: counter('Partitions whose state was built from the log.'),
  kasaga_take_over_records: gauge('Records of the log that the last take-over read, by partition.', 'partition'),
  kasaga_snapshots_total: counter('Snapshots that were written: of all that there is, or of what changed.', 'kind'),
  kasaga_snapshots_failed_total: counter('Snapshots that could not be written.'),
  kasaga_snapshots_unused_total: counter('Snapshots that a take-over left alone, by reason.', 'reason'),
  kasaga_snapshot_bytes_total: counter('Bytes of what was written in snapshots.'),
  kasaga_snapshot_ms: ms('From when a snapshot was begun until its mark stood.'),
  kasaga_snapshot_uncovered_records: gauge(
    'Records of the log that came after the last snapshot, by partition.',
    'partition',
  ),
  kasaga_appends_unconfirmed_total: counter('Batches that did not land, or of which it is not known.'),
  kasaga_log_write_failures_total: counter('Writes of the embedded log that the disk did not take, by code.', 'code'),
  kasaga_effect_retries_total: counter('Effects that were sent once more, by topic.', 'topic'),
  kasaga_owned_partitions: gauge('Partitions that this orchestrator owns.'),
  kasaga_live_sagas: gauge('Sagas that have not ended, by partition.', 'partition'),
  kasaga_waiting_inputs: gauge(
    'Commands and replies that were read and wait for their turn, by partition.',
    'partition',
  ),
  kasaga_input_lag_records: gauge(
    'Commands and replies that are not decided yet, by topic (`commands`, `replies`) and partition.',
    'topic',
    'partition',
  ),
  kasaga_commands_held: gauge('1 where as many sagas live as may, and commands wait, by partition.', 'partition'),
  kasaga_sagas_without_definition: gauge(
    'Sagas that wait for a definition that is not here, by partition.',
    'partition',
  ),
  kasaga_sagas_quarantined: gauge('Sagas and locks that nothing is decided for, by partition.', 'partition'),
  kasaga_saga_attributes_missed_total: counter(
    'Attributes that a saga goes without, because its mapping failed.',
    'definition',
  ),
  kasaga_steps_held: gauge('Steps that wait for their participant, by participant.', 'participant'),
  kasaga_calls_in_flight: gauge('Commands that were sent and not answered, by participant.', 'participant'),
  kasaga_admitted_total: counter('Held steps that were sent, by participant.', 'participant'),
  kasaga_breaker_state: gauge('The breaker of a participant here: 0 closed, 1 half-open, 2 open.', 'participant'),
  kasaga_breaker_opened_total: counter(
    'Times that a breaker opened after it was closed: each is an incident.',
    'participant',
  ),
  kasaga_control_offset: gauge('Offset of the control topic up to which this orchestrator follows limits.'),
  kasaga_pending_effects: gauge('Commands that are decided and not sent yet.'),
  kasaga_projector_lag_records: gauge('Records of the log that are not in the views yet, by partition.', 'partition'),
  kasaga_projector_batches_total: counter('Accepted batches that went into the views.', 'partition'),
  kasaga_projector_void_batches_total: counter('Batches that the acceptance rule skipped.', 'partition'),
  kasaga_projector_conflicts_total: counter('Chunks that another projector had applied already.'),
  kasaga_projector_failures_total: counter('Times that the projector started over, by code.', 'code'),
  kasaga_view_rebuild_records: gauge('Records that are still to be read for a view that is built anew.', 'projection'),
  kasaga_projector_apply_ms: ms('How long one transaction of the projector took.'),
  kasaga_projector_delay_ms: gauge(
    'From the append of the last batch until it was in the views.',
    'projection',
    'partition',
  ),
  kasaga_projection_broken_total: counter(
    'Projections that stopped for a mistake of their own.',
    'projection',
    'partition',
  ),
  kasaga_participant_handler_ms: ms('How long a handler took, by type.', 'participant', 'type'),
  kasaga_participant_handler_records: records('Commands that a handler was called with.', 'participant', 'type'),
  kasaga_participant_replies_total: counter('Replies of participants, by outcome.', 'participant', 'outcome'),
  kasaga_participant_waiting_records: gauge('Commands that were delivered and have not begun.', 'participant'),
  kasaga_participant_waiting_oldest_seconds: gauge('How long ago the oldest of them was sent.', 'participant'),
  kasaga_participant_trouble_total: counter('Trouble from outside that a participant met.'),
  kasaga_participant_batches_undone_total: counter('Transactions of a participant that were undone and done again.'),
  kasaga_participant_unhandled_total: counter('Commands without an answer, by type and reason.', 'type', 'reason'),
  kasaga_participant_handlers_running: gauge('Handlers that run now, by participant.', 'participant'),
  kasaga_participant_handlers_oldest_seconds: gauge('How long the oldest of them has been running.', 'participant'),
  kasaga_participant_handlers_hanging: gauge('Handlers that have not ended after their signal.', 'participant'),
  kasaga_participant_inbox_forgotten_total: counter('Old entries that the inbox forgot.', 'participant'),
  kasaga_payloads_stored_total: counter('Large values that were kept aside, repeated ones too.'),
  kasaga_payload_stored_bytes_total: counter('Their bytes.'),
  kasaga_payloads_fetched_total: counter('Payloads that were read from the store.'),
  kasaga_payload_fetch_failures_total: counter(
    'Payloads that could not be read or stored: unavailable is waited out, the others are in the log.',
    'reason',
  ),
  kasaga_bulk_open: gauge('Bulk acts that have not ended, where they are driven.'),
  kasaga_bulk_acts_total: counter('Sagas that a bulk act has come to, by act and outcome.', 'act', 'outcome'),
  kasaga_http_requests_total: counter('Requests that were answered.', 'method', 'route', 'status'),
  kasaga_http_request_ms: ms('How long a request took until it was answered.', 'method', 'route'),
  kasaga_http_waits: gauge('Requests that wait for a view.'),
  kasaga_registry_waiting: gauge('Schemas and ids that the schema registry is waited for.'),
  kasaga_registry_unframed_total: counter('Values that did not fit their schema in the registry.', 'subject'),
  kasaga_undocumented_metrics_total: counter('Measurements under a name that has no line here, by that name.', 'name'),
}
