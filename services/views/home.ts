/** Rebuilding the views of a home. */
import { OperationalError } from '../../shared/message/errors.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import type { RebuildProgress } from '../../shared/ports/rebuild.ts'
import type { ViewGeneration } from '../../shared/ports/view-store.ts'
import { type Beside, besideNamed, schemaOf } from '../../shared/view/generation.ts'
import type { Projection } from '../../shared/view/projection.ts'
import type { Home } from '../home.ts'
import type { RebuildPorts } from '../projector/advance.ts'
import { PROJECTIONS } from '../projector/home.ts'
import { rebuild, rollBack } from '../projector/rebuild.ts'
import { type AsOf, rebuildAsOf } from '../projector/rebuild-as-of.ts'

export interface ViewSettings {
  readonly prefix: string
  readonly projections?: readonly Projection[]
  readonly onProgress?: (far: RebuildProgress) => void
}

export interface ViewsOfHome {
  list(): Promise<readonly ViewGeneration[]>
  rebuild(view: string, how: { readonly compares: boolean; readonly keepMs: number }): ReturnType<typeof rebuild>
  rollBack(view: string, how: { readonly keepMs: number }): ReturnType<typeof rollBack>
  asOf(view: string, how: { readonly until: AsOf['until']; readonly name: string }): ReturnType<typeof rebuildAsOf>
  /** Answers the schema that it was in. */
  drop(view: string, name: string): Promise<string>
}

/** @throws OperationalError `no-such-view`, `views-of-another-log`, and what the adapters throw. */
export async function viewsOf(home: Home, settings: ViewSettings): Promise<ViewsOfHome> {
  const { prefix, projections = PROJECTIONS, onProgress } = settings
  const { broker, clock } = home
  const { writer, builds } = await home.views()
  const { events: topic } = kasagaTopics(prefix)
  await writer.prepare([])
  const followed = await writer.follow(topic)
  if (followed !== topic) throw refused('views-of-another-log', `the views here follow ${followed}, not ${topic}`)
  await builds.prune(clock.now())
  const ports: RebuildPorts & Pick<ViewSettings, 'onProgress'> = { broker, clock, writer, builds, topic }
  const options = (view: string) => ({ ...ports, own: named(projections, view), ...(onProgress && { onProgress }) })
  return {
    list: () => builds.generations(),
    rebuild: async (view, how) => rebuild({ ...options(view), ...how }),
    rollBack: async (view, how) => rollBack({ ...options(view), ...how, compares: false }),
    asOf: async (view, { until, name }) => rebuildAsOf(options(view), { until, beside: generation(name) }),
    async drop(view, name) {
      const beside = name === 'next' || name === 'kept' ? name : generation(name)
      if (await builds.drop(named(projections, view).name, beside)) return schemaOf(beside)
      throw refused('no-such-view', `there is no ${view} in ${schemaOf(beside)}`)
    },
  }
}

function named(projections: readonly Projection[], view: string): Projection {
  const own = projections.find(({ name }) => name === view)
  if (own) return own
  const names = projections.map(({ name }) => name).join(', ')
  throw refused('no-such-view', `there is no view ${view}; there are ${names}`)
}

function generation(name: string): Beside {
  try {
    return besideNamed(name)
  } catch (error) {
    throw refused('bad-name', (error as Error).message)
  }
}

function refused(code: string, message: string): OperationalError {
  return new OperationalError(code, message, { where: 'views', retriable: false })
}
