/** What zod says against a definition's JSON, told by the names of its steps instead of their numbers. */
import type { z } from 'zod'
import type { DataFault } from '../saga/data/build.ts'

type Issue = z.core.$ZodIssue

/** One fault for each field that does not fit. */
export function shapeFaults(issues: readonly Issue[], json: unknown): DataFault[] {
  return issues.flatMap((issue) => faultsOf(issue, json))
}

function faultsOf(issue: Issue, json: unknown): DataFault[] {
  const { place, value } = placeOf(issue.path, json)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: joined(place, key), message: 'is not a field that is known here' }))
  if (value === undefined) return [{ path: place, message: 'is missing' }]
  return [{ path: place, message: issue.message.replace(/^Invalid input: /, '') }]
}

/** Where an issue is: `ship.label.timeoutMs` for `steps 2 steps 0 timeoutMs`, and what stands there. */
function placeOf(path: readonly PropertyKey[], json: unknown): { place: string; value: unknown } {
  let place = ''
  let value = json
  path.forEach((key, i) => {
    value = inside(value, key)
    const list = path[i - 1]
    if (typeof key === 'number' && list === 'steps') place = joined(place, nameIn(value) ?? `steps[${key}]`)
    else if (typeof key === 'number') place += `[${list === 'branches' ? (nameIn(value) ?? key) : key}]`
    else if (!isListOfNamed(key, path[i + 1])) place = joined(place, String(key))
  })
  return { place, value }
}

function isListOfNamed(key: PropertyKey, next: PropertyKey | undefined): boolean {
  return typeof next === 'number' && (key === 'steps' || key === 'branches')
}

function joined(place: string, field: string): string {
  return place === '' ? field : `${place}.${field}`
}

function inside(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function nameIn(value: unknown): string | undefined {
  const name = inside(value, 'name')
  return typeof name === 'string' && name !== '' ? name : undefined
}
