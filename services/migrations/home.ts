/** Moving sagas of a home between versions: what would become of them, and the acts themselves, appended to its log. */
import { sagaClient } from '../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { type MigrationPreview, type MigrationWish, previewMigration } from '../../shared/runtime/migration-preview.ts'
import { type MigrationOutcome, runMigration } from '../../shared/runtime/migration-run.ts'
import type { Definitions } from '../../shared/saga/definition.ts'
import type { Home } from '../home.ts'

export interface MigrationSettings extends MigrationWish {
  readonly prefix: string
  readonly definitions: Definitions
  readonly actor: string
  readonly reason: string
  /** Acts a second. */
  readonly rate: number
  readonly waitMsMax: number
}

export interface HomeMigration {
  readonly preview: MigrationPreview
  ask(sagas: readonly MigrationPreview['sagas'][number][]): Promise<readonly MigrationOutcome[]>
}

/** Reads the log of the home; nothing is asked until `ask`. */
export async function migrationOf(
  home: Pick<Home, 'broker' | 'clock' | 'ids'>,
  settings: MigrationSettings,
): Promise<HomeMigration> {
  const { broker, clock, ids } = home
  const { prefix, definitions, to: toVersion, actor, reason, rate: perSecondMax, waitMsMax } = settings
  const topics = kasagaTopics(prefix)
  const options = { broker, topic: topics.events, definitions, now: clock.now() }
  const preview = await previewMigration(settings, options)
  const client = sagaClient({ broker, topics, clock, ids, source: '/kasaga/cli' })
  const requestId = `migrate-${ids.next()}`
  return {
    preview,
    ask: (sagas) =>
      runMigration(
        sagas.map(({ saga }) => saga),
        {
          ...{ broker, topics, clock, requestId, perSecondMax, waitMsMax },
          ask: (saga) => client.migrate(saga, { toVersion, actor, reason, requestId }),
        },
      ),
  }
}
