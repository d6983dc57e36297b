/** A data folder for one run: removed at its end, and by the next run when this one was killed. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const NAME = /^kasaga-demo-(\d+)-/

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Removes what killed runs have left behind in the folder `parent`. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true })
  }
}

/** Threads that are just ending may still write into it. */
const REMOVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 } as const

/** Makes the folder in `parent`, named for the process that owns it. It goes with the process at the latest. */
export function scratchFolder(parent: string, id: string): { readonly path: string; remove(): void } {
  sweep(parent)
  const path = join(parent, `kasaga-demo-${process.pid}-${id}`)
  mkdirSync(path, { recursive: true })
  const remove = () => {
    process.off('exit', remove)
    rmSync(path, REMOVE)
  }
  process.on('exit', remove)
  return { path, remove }
}
