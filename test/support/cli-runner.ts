/** Runs the command line in this process, in surroundings of its own, and keeps what it said. */
import { readFile, writeFile } from 'node:fs/promises'
import { createProgram, runProgram } from '../../services/cli/program.ts'
import type { CliCommand, Surroundings } from '../../services/cli/surroundings.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

export type Kasaga = (
  args: readonly string[],
  own?: Partial<Surroundings>,
  more?: readonly CliCommand[],
) => Promise<Said>

/** `url`: where the gateway is, once it is known. */
export function cliOf(url: () => string): Kasaga {
  return async (args, own = {}, more = []) => {
    const said = { out: '', err: '' }
    const around: Surroundings = {
      stdout: { write: (text) => (said.out += text) },
      stderr: { write: (text) => (said.err += text) },
      color: false,
      url: url(),
      actor: 'ann',
      ids: systemIds,
      now: () => Date.now(),
      readFile: (path) => readFile(path, 'utf8'),
      writeFile,
      ...own,
    }
    const code = await runProgram(createProgram(around, more), args, around)
    return { code, ...said }
  }
}
