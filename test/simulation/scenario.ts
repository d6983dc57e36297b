/** A failing seed, written down when it was as small as it could be made. Once mended it is played for ever. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Shrunk } from './shrink.ts'
import type { Options } from './world/options.ts'

export interface Scenario {
  /** The invariant that it broke when it was found. */
  readonly invariant: string
  readonly message: string
  readonly options: Options
}

const folder = new URL('scenarios/', import.meta.url)

const MESSAGE_CHARS_MAX = 2_000

/** Writes it under the name of its seed; answers where. */
export function writeScenario({ options, breach }: Shrunk): string {
  const { invariant, message } = breach
  const scenario: Scenario = { invariant, message: message.slice(0, MESSAGE_CHARS_MAX), options }
  const path = fileURLToPath(new URL(`seed-${options.seed}.json`, folder))
  writeFileSync(path, `${JSON.stringify(scenario, null, 2)}\n`)
  return path
}

export function readScenarios(): readonly { readonly name: string; readonly scenario: Scenario }[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return names.sort().map((name) => ({ name, scenario: readScenario(fileURLToPath(new URL(name, folder))) }))
}

export function readScenario(path: string): Scenario {
  return JSON.parse(readFileSync(path, 'utf8')) as Scenario
}
