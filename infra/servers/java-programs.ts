import { runProgram } from './run-program.ts'

/** Why a server from jars cannot be had on this machine; `undefined` when it can. */
export async function missingJava(what: string): Promise<string | undefined> {
  for (const [program, flag] of [
    ['java', '-version'],
    ['mvn', '-version'],
  ] as const) {
    const found = await runProgram(program, [flag], { withinMs: 20_000 }).catch(() => undefined)
    if (found === undefined) return `no ${program} to run ${what}`
  }
  return undefined
}
