/** What `kasaga rebuild` asks of the views of a home, and how it tells what came of it. */

import type { LogPoint, RebuildProgress, RebuildReport } from '../../shared/ports/rebuild.ts'
import type { ViewGeneration } from '../../shared/ports/view-store.ts'
import { schemaOf } from '../../shared/view/generation.ts'
import type { ListedView, RebuildCommandOptions, RebuildResult } from './commands/rebuild.ts'
import { progressText } from './text/progress-text.ts'

export interface Rebuilds {
  list(): Promise<readonly ViewGeneration[]>
  rebuild(view: string, how: { readonly compares: boolean; readonly keepMs: number }): Promise<RebuildReport>
  rollBack(view: string, how: { readonly keepMs: number }): Promise<RebuildReport>
  asOf(
    view: string,
    how: { readonly until: LogPoint; readonly name: string },
  ): Promise<{ readonly records: number; readonly elapsedMs: number }>
  /** Answers the schema that it was in. */
  drop(view: string, name: string): Promise<string>
}

const iso = (at: number) => new Date(at).toISOString()

export async function runRebuild(
  views: Rebuilds,
  view: string | undefined,
  { asOf: until, name, rollback, drop, compare: compares, keep: keepMs }: RebuildCommandOptions,
): Promise<RebuildResult> {
  if (view === undefined) return { kind: 'listed', views: (await views.list()).map(listed) }
  if (drop !== undefined) return { kind: 'dropped', view, schema: await views.drop(view, drop) }
  if (until !== undefined && name !== undefined)
    return { kind: 'as-of', view, schema: schemaOf(`at_${name}`), ...(await views.asOf(view, { until, name })) }
  const done = await (rollback ? views.rollBack(view, { keepMs }) : views.rebuild(view, { compares, keepMs }))
  const keptUntil = done.keptUntil === null ? null : iso(done.keptUntil)
  return { kind: rollback ? 'rolled-back' : 'rebuilt', ...done, keptUntil }
}

function listed({ projection, beside, version, checkpoints, keptUntil }: ViewGeneration): ListedView {
  const newest = checkpoints.reduce((at, checkpoint) => Math.max(at, checkpoint.at), 0)
  return {
    view: projection,
    version,
    schema: beside === undefined ? 'kasaga' : schemaOf(beside),
    records: String(checkpoints.reduce((sum, { nextOffset }) => sum + nextOffset, 0n)),
    asOf: newest === 0 ? null : iso(newest),
    keptUntil: keptUntil === undefined ? null : iso(keptUntil),
  }
}

/** How far a rebuild is, in a line. */
export function rebuildText({ stage, done, total }: RebuildProgress, elapsedMs: number): string {
  if (stage === 'building')
    return `building: ${progressText({ records: done, recordsTotal: total ?? done }, elapsedMs)}`
  return stage === 'comparing' ? `comparing: ${done} rows` : 'taking its place'
}
