/** Names of steps and branches: what they look like, and that each is there once. */

const NAME = /^[a-z][A-Za-z0-9-]{0,63}$/
/** What mappings know for something else. */
const RESERVED = new Set(['input', 'item', 'index'])

/** Whether this can be the name of a saga, a step, a branch or a signal. */
export function isName(text: string): boolean {
  return NAME.test(text)
}

/** What is wrong with a step's name; `around`: names of the steps of the plans around it, which it would hide. */
export function stepNameFault(name: string, around: ReadonlySet<string>): string | undefined {
  if (!isName(name)) return notOne(name)
  if (RESERVED.has(name)) return `the name ${name} is taken: mappings see the ${name} under it`
  return around.has(name)
    ? `the name ${name} is taken by a step around it, which mappings could not see then`
    : undefined
}

/** What is wrong with a branch's name. */
export function branchNameFault(name: string): string | undefined {
  return isName(name) ? undefined : notOne(name)
}

function notOne(name: string): string {
  return `not a name: ${JSON.stringify(name)}; letters, digits and -, a small letter first`
}

/** Names that are there more than once, each told once. */
export function repeated(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name, i) => names.indexOf(name) < i))]
}
