/** What a property says no to; cheap enough to be asked after every input of a million runs. */
export function must(holds: boolean, message: string | (() => string)): asserts holds {
  if (!holds) throw new Error(typeof message === 'string' ? message : message())
}
