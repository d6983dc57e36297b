/** What states are made of: the names in all states that golden logs come through, which snapshots are written in. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Json } from '../../../shared/message/json.ts'
import { SNAPSHOT_FORMAT } from '../../../shared/runtime/snapshot/snapshot-mark.ts'
import { evolve } from '../../../shared/saga/evolve.ts'
import type { SagaState } from '../../../shared/saga/state.ts'
import { readGolden } from './golden-log.ts'

const ROOT = fileURLToPath(new URL('../../golden', import.meta.url))
export const SHAPE_FILE = fileURLToPath(new URL('snapshot-shape.txt', import.meta.url))

/** What users put there. */
const OF_USERS = new Set(['input', 'output', 'payload', 'item'])

function look(value: Json, path: string, found: Set<string>): void {
  if (value === null || typeof value !== 'object') {
    found.add(path)
    return
  }
  if (Array.isArray(value)) {
    for (const item of value) look(item, `${path}[]`, found)
    return
  }
  for (const [name, item] of Object.entries(value)) {
    const at = `${path}.${name}`
    if (OF_USERS.has(name)) found.add(at)
    else look(item, at, found)
  }
}

/** The format of snapshots, then a line for each name in its place. */
export function stateShape(): string {
  const found = new Set<string>()
  for (const version of readdirSync(ROOT))
    for (const file of readdirSync(`${ROOT}/${version}`)) {
      let state: SagaState | undefined
      for (const envelope of readGolden(readFileSync(`${ROOT}/${version}/${file}`, 'utf8')).history) {
        state = evolve(state, envelope)
        look(JSON.parse(JSON.stringify(state)), '', found)
      }
    }
  // However deep blocks stand in blocks, they are made of the same.
  const flat = [...found].map((path) => path.replace(/(\.steps\[\]\.block\.scopes\[\])+/g, '.steps[].block.scopes[]'))
  return [`format ${SNAPSHOT_FORMAT}`, ...[...new Set(flat)].sort(), ''].join('\n')
}
