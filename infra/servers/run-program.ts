import { spawn } from 'node:child_process'

export interface ProgramOptions {
  readonly withinMs: number
  readonly cwd?: string
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

const OUTPUT_CHARS_MAX = 20_000

/** Runs a program to its end and gives what it wrote; throws with the last of it when it fails or takes too long. */
export function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...options.user,
    })
    // Not spawn's own time limit: its timer outlives a program that could not be started, and holds the process.
    const limit = setTimeout(() => child.kill('SIGKILL'), options.withinMs)
    let output = ''
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', (error) => {
      clearTimeout(limit)
      reject(new Error(`${command}: ${error.message}`))
    })
    child.once('close', (code, signal) => {
      clearTimeout(limit)
      if (code === 0) resolve(output)
      else reject(new Error(`${command} ended with ${signal ?? code}: ${output.trim().slice(-600)}`))
    })
  })
}
