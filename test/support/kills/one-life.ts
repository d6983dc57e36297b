/** One life of a process: it is started, works, and is killed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('./shop-until-killed.ts', import.meta.url))

export interface Life {
  /** Orders that were acknowledged before the kill. */
  readonly acknowledged: number
  /** From its start until it took orders; absent when it was killed before. */
  readonly openMs: number | undefined
}

/** How long it lives: from its start, or from when it took orders. */
export interface Span {
  readonly since: 'start' | 'open'
  readonly ms: number
}

/** @throws Error when it ends by itself. */
export async function oneLife(folder: string, life: number, { since, ms }: Span): Promise<Life> {
  const began = performance.now()
  const child = spawn(process.execPath, [SCRIPT, folder, String(life)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A life is short: it should not go into compiling.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'kasaga-kills-compiled') },
  })
  const said = { out: '', err: '' }
  let openMs: number | undefined
  const opened = Promise.withResolvers<void>()
  child.stderr.on('data', (text) => {
    said.err += text
  })
  child.stdout.on('data', (text) => {
    said.out += text
    openMs ??= performance.now() - began
    opened.resolve()
  })
  // What was said before the kill is read to its end.
  const closed = once(child, 'close')
  try {
    if (since === 'open') await Promise.race([opened.promise, closed])
    await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), closed])
    if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`it ended by itself: ${said.err}`)
  } finally {
    child.kill('SIGKILL')
    await closed
  }
  // A line that was cut says nothing.
  const lines = said.out.split('\n').slice(0, -1)
  return { acknowledged: Number(lines.filter((line) => line !== 'open').at(-1) ?? 0), openMs }
}
