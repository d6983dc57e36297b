/** What a benchmark is asked for on its command line. What is not understood is told in one sentence, with exit code 2. */
import { parseArgs } from 'node:util'
import { messageOf } from '../../shared/message/errors.ts'

/** One option: what its values mean, the newest last. */
export interface Option<T> {
  readonly takesValue: boolean
  /** @throws TypeError with a sentence when they mean nothing. */
  read(name: string, given: readonly string[]): T
}

type Asked<Options> = { readonly [Name in keyof Options]: Options[Name] extends Option<infer T> ? T : never }

const BAD_ARGUMENTS = 2

/** A number above 0. */
export function number<const Usual extends number | undefined = undefined>(usual?: Usual): Option<number | Usual> {
  return { takesValue: true, read: (name, given) => lastOf(given, usual as Usual, (text) => aboveNothing(name, text)) }
}

/** A whole number from 1. */
export function whole<const Usual extends number | undefined = undefined>(usual?: Usual): Option<number | Usual> {
  return { takesValue: true, read: (name, given) => lastOf(given, usual as Usual, (text) => wholeOf(name, text)) }
}

/** Numbers above 0, of an option that may be repeated. */
export const numbers: Option<readonly number[]> = {
  takesValue: true,
  read: (name, given) => given.map((text) => aboveNothing(name, text)),
}

/** Whole numbers by name, of an option that may be repeated: `--size live=1000`. */
export const wholeByName: Option<Readonly<Record<string, number>>> = {
  takesValue: true,
  read: (name, given) => Object.fromEntries(given.map((text) => named(name, text))),
}

export const text: Option<string | undefined> = { takesValue: true, read: (_, given) => given.at(-1) }

export const flag: Option<boolean> = { takesValue: false, read: (_, given) => given.length > 0 }

/** @throws TypeError with a sentence when it is not understood. */
export function askedBy<const Options extends Readonly<Record<string, Option<unknown>>>>(
  args: readonly string[],
  options: Options,
): Asked<Options> {
  const given = valuesOf(args, options)
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, option.read(name, given.get(name) ?? [])]),
  ) as Asked<Options>
}

/** What this process was asked for; ends it where that is not understood. */
export function asked<const Options extends Readonly<Record<string, Option<unknown>>>>(
  options: Options,
): Asked<Options> {
  try {
    return askedBy(process.argv.slice(2), options)
  } catch (error) {
    return refuse(messageOf(error))
  }
}

/** Ends the process for its arguments. */
export function refuse(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(BAD_ARGUMENTS)
}

/** Read leniently, so that a value may begin with a dash and what is wrong is said here. */
function valuesOf(
  args: readonly string[],
  options: Readonly<Record<string, Option<unknown>>>,
): ReadonlyMap<string, readonly string[]> {
  const types = Object.entries(options).map(([name, { takesValue }]) => {
    return [name, { type: takesValue ? 'string' : 'boolean' }] as const
  })
  const { tokens } = parseArgs({ args: [...args], options: Object.fromEntries(types), strict: false, tokens: true })
  const given = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind === 'positional') throw new TypeError(`${token.value} is not understood: ${known(options)}`)
    if (token.kind === 'option-terminator') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (!option) throw new TypeError(`${token.rawName} is no option here: ${known(options)}`)
    if (option.takesValue !== (token.value !== undefined))
      throw new TypeError(`--${token.name} takes ${option.takesValue ? 'a' : 'no'} value`)
    given.set(token.name, [...(given.get(token.name) ?? []), token.value ?? ''])
  }
  return given
}

function known(options: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(options).map((name) => `--${name}`)
  return `there are ${names.join(', ')}`
}

function lastOf<T, Usual>(given: readonly string[], usual: Usual, read: (text: string) => T): T | Usual {
  const last = given.at(-1)
  return last === undefined ? usual : read(last)
}

function aboveNothing(name: string, text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new TypeError(`--${name} is a number above 0, not ${text}`)
}

function wholeOf(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new TypeError(`--${name} is a whole number from 1, not ${text}`)
}

function named(name: string, text: string): readonly [string, number] {
  const [, own, value] = /^([a-z]+)=(.+)$/i.exec(text) ?? []
  if (own === undefined || value === undefined) throw new TypeError(`--${name} is a name=number, not ${text}`)
  return [own, wholeOf(`${name} ${own}`, value)]
}
