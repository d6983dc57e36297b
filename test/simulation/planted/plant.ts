/** Plants bugs, each in a thread of its own, and tells which invariant caught it at which seed. */
import { Worker } from 'node:worker_threads'
import type { Breach } from '../checks/breaches.ts'
import type { Bug } from './bug.ts'

export interface PlantedWork {
  readonly bug: Bug
  readonly first: number
  readonly seeds: number
}

export interface Caught {
  readonly name: string
  /** The seed that it was caught at; absent: it was not caught. */
  readonly seed: number | undefined
  /** How many were run. */
  readonly seeds: number
  readonly breach: Breach | undefined
}

export interface PlantOptions {
  readonly first: number
  /** Within so many seeds a bug must be caught. */
  readonly seeds: number
  /** How many run at a time. */
  readonly threads: number
  onCaught(caught: Caught): void
}

export async function plantAll(bugs: readonly Bug[], options: PlantOptions): Promise<readonly Caught[]> {
  const left = bugs.map((bug, index) => ({ bug, index }))
  const all: Caught[] = []
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const caught = await plant({ bug: next.bug, first: options.first, seeds: options.seeds })
      all[next.index] = caught
      options.onCaught(caught)
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.threads, bugs.length) }, work))
  return all
}

function plant(work: PlantedWork): Promise<Caught> {
  const thread = new Worker(new URL('thread.ts', import.meta.url), { workerData: work })
  const notPlanted = (message: string): Caught => {
    return { name: work.bug.name, seed: undefined, seeds: 0, breach: { invariant: 'crash', message } }
  }
  return new Promise((resolve) => {
    thread.once('message', resolve)
    thread.once('error', (error) => resolve(notPlanted(`it could not be planted: ${error}`)))
    thread.once('exit', () => resolve(notPlanted('the thread ended without a word')))
  })
}

/** It has broken an invariant that has a name. */
export function isCaught({ breach }: Caught): boolean {
  return breach !== undefined && breach.invariant !== 'crash'
}
