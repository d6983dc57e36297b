/** Contracts: what a participant can be asked, with the schemas that both sides check. Plain data, shared by both. */
import type { ZodType } from 'zod'

/** A command of a participant, as `command()` makes it, before it has a name. */
export interface CommandSpec<Input, Output> {
  readonly input: ZodType<Input>
  /** Absent: the reply carries nothing of interest. */
  readonly output?: ZodType<Output>
  /** Codes of business refusals, for documentation and tests. */
  readonly rejects?: readonly string[]
}

type AnsweringSpec<Input, Output> = CommandSpec<Input, Output> & Required<Pick<CommandSpec<Input, Output>, 'output'>>
type SilentSpec<Input> = Omit<CommandSpec<Input, null>, 'output'> & { readonly output?: never }

/** A command in its place: `payment.charge.v1`. */
export interface Command<Input, Output> extends CommandSpec<Input, Output> {
  readonly participant: string
  readonly name: string
  /** `<participant>.<name>.v<version>`: what travels as `ce_type`. */
  readonly type: string
}

// biome-ignore lint/suspicious/noExplicitAny: a contract is a record of commands of any types; each keeps its own
export type CommandSpecs = Readonly<Record<string, CommandSpec<any, any>>>

/** What `participant()` makes: each command under its own name, as `payment.charge`. */
export type Contract<Specs extends CommandSpecs = CommandSpecs> = {
  readonly [Name in keyof Specs]: CommandOf<Specs[Name]>
}

export type CommandOf<Spec> = Spec extends CommandSpec<infer Input, infer Output> ? Command<Input, Output> : never

/** Declares a command: its input, its output when there is one, and the codes it may be rejected with. */
export function command<Input, Output>(spec: AnsweringSpec<Input, Output>): CommandSpec<Input, Output>
export function command<Input>(spec: SilentSpec<Input>): CommandSpec<Input, null>
export function command<Input, Output>(spec: CommandSpec<Input, Output>): CommandSpec<Input, Output> {
  return spec
}

const NAME = /^[a-z][a-z0-9-]{0,63}$/

/** A command's name on the wire: `bookRoom` and `book-room` are both `book-room`. */
function wireName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/**
 * Declares a participant's contract: `payment.charge` is what a saga's step names. A command's key may be in camel case;
 * on the wire it is in kebab case.
 * @throws TypeError when a name is neither, two are the same on the wire, or there is no command.
 */
export function participant<const Specs extends CommandSpecs>(
  name: string,
  specs: Specs,
  version = 1,
): Contract<Specs> {
  if (Object.keys(specs).length === 0) throw new TypeError(`the contract of ${name} has no command`)
  const commands: Record<string, unknown> = {}
  const types = new Set<string>()
  for (const [key, spec] of Object.entries(specs)) {
    const own = wireName(key)
    if (!NAME.test(name) || !NAME.test(own)) throw new TypeError(`${name}.${key} is neither kebab-case nor camelCase`)
    const type = `${name}.${own}.v${version}`
    if (types.has(type)) throw new TypeError(`two commands are ${type}`)
    types.add(type)
    commands[key] = { ...spec, participant: name, name: own, type }
  }
  return commands as Contract<Specs>
}

/** The participant's name, which each of its commands carries. */
export function participantName(contract: Contract): string {
  const first = Object.values(contract)[0]
  if (!first) throw new TypeError('a contract has at least one command')
  return first.participant
}
