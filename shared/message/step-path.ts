/**
 * Where a step stands in its saga. A step of the saga itself is named alone: `charge`. A step inside a block says in which
 * of its scopes: `parcels[3].label`, `book[hotel].reserve`, and so on inward. The scope itself is `parcels[3]`; the
 * saga's own scope is the empty text. Names have no `.`, `[` or `]`, so a path has one reading.
 */

/** One step inward: the name of a block, and which of its scopes; the last has no key. */
export interface PathPart {
  readonly name: string
  readonly key: string | undefined
}

/** The saga's own scope. */
export const ROOT = ''

/** The parts of a step's or a scope's path, outermost first; none for the saga's own scope. */
export function pathParts(path: string): PathPart[] {
  if (path === ROOT) return []
  return path.split('.').map((part) => {
    const open = part.indexOf('[')
    return open < 0 ? { name: part, key: undefined } : { name: part.slice(0, open), key: part.slice(open + 1, -1) }
  })
}

/** The path of a step of that scope. */
export function stepPath(scope: string, name: string): string {
  return scope === ROOT ? name : `${scope}.${name}`
}

/** The path of a scope of that block. */
export function scopePath(block: string, key: string | number): string {
  return `${block}[${key}]`
}

/** The scope that a step stands in. */
export function scopeAround(step: string): string {
  const dot = step.lastIndexOf('.')
  return dot < 0 ? ROOT : step.slice(0, dot)
}

/** The block that a scope belongs to, and its key there; `undefined` for the saga's own. */
export function blockAround(scope: string): { readonly block: string; readonly key: string } | undefined {
  if (scope === ROOT) return undefined
  const open = scope.lastIndexOf('[')
  return { block: scope.slice(0, open), key: scope.slice(open + 1, -1) }
}

/** The scopes that a step or a scope stands in, the innermost first; the last is the saga's own. */
export function scopesOutward(path: string): string[] {
  const around = scopeAround(path)
  return around === ROOT ? [ROOT] : [around, ...scopesOutward(around)]
}

/** The step's name in its scope. */
export function nameOf(step: string): string {
  return step.slice(step.lastIndexOf('.') + 1)
}

/** Whether a step or scope is inside that scope, or is it. */
export function isWithin(path: string, scope: string): boolean {
  return scope === ROOT || path === scope || path.startsWith(`${scope}.`) || path.startsWith(`${scope}[`)
}
