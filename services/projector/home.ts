/** The projector on a home: the views of all sagas, and those that a business has of its own; the shop's is of its orders. */
import { kasagaTopics } from '../../shared/message/topics.ts'
import type { Metrics } from '../../shared/ports/telemetry.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import type { Home } from '../home.ts'
import { ordersView } from '../orders/orders-view.ts'
import { ControlFeed } from './control-feed.ts'
import type { ProjectorOptions } from './options.ts'
import { Projector } from './projector.ts'

export const PROJECTIONS = [sagasProjection, ordersView] as const

export interface ProjectorSettings {
  readonly prefix: string
  readonly metrics: Metrics
  /** What is projected; the shop's views unless told otherwise. */
  readonly projections?: ProjectorOptions['projections']
}

/** Starts it; makes the tables that are missing. */
export async function startProjector(home: Home, settings: ProjectorSettings): Promise<Projector> {
  const { prefix, metrics, projections = PROJECTIONS } = settings
  const { writer, builds, participants } = await home.views()
  const { broker, clock, log, onShorterLog } = home
  const { events: topic, control } = kasagaTopics(prefix)
  const alongside = new ControlFeed({ broker, clock, log, topic: control, writer: participants })
  const group = `${prefix}.projector.views`
  const ports = { broker, clock, log, metrics, writer, builds }
  return Projector.start({ ...ports, onShorterLog, projections, topic, group, alongside })
}
